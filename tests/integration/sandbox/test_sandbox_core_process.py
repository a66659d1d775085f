"""`python -m sandbox` as a process: ready lines, stopping, bad arguments."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sandbox.__main__ import main
from sandbox.kinds import OPENERS
from tests.integration.sandbox.rakuten_caller import Caller, Json, relative, until

ROOT = Path(__file__).resolve().parents[3]
EXIT_S_MAX = 5.0


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "sandbox", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> Json:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


@pytest.mark.slow
def test_the_ready_line_comes_first_and_works() -> None:
    with started("rakuten", "--speed", "60") as process:
        line = first_line(process)
        state = httpx.get(f"{line['url']}/_sandbox/state", trust_env=False)
        process.send_signal(signal.SIGINT)
        code = process.wait(EXIT_S_MAX)

    assert code == 0
    assert line["mall"] == "rakuten"
    assert set(line["credentials"]) == {"service_secret", "license_key"}
    assert state.status_code == 200
    assert tomllib.loads(line["config"])["malls"] == [
        {"name": "rakuten", "kind": "rakuten", "base_url": line["url"], "speed": 60}
    ]


@pytest.mark.slow
def test_all_serves_every_mall_on_its_own_port() -> None:
    with started("all") as process:
        lines = [first_line(process) for _ in OPENERS]
        found = [httpx.get(f"{line['url']}/_sandbox/state", trust_env=False) for line in lines]
        process.terminate()
        code = process.wait(EXIT_S_MAX)

    assert code == 0
    assert [line["mall"] for line in lines] == list(OPENERS)
    assert len({line["url"] for line in lines}) == len(OPENERS)
    assert [reply.status_code for reply in found] == [200] * len(OPENERS)


@pytest.mark.slow
def test_sigterm_stops_it_while_connections_are_held() -> None:
    lost: list[httpx.HTTPError] = []

    def push(caller: Caller) -> None:
        try:
            caller.push(relative("rice5", 1), timeout=30)
        except httpx.HTTPError as error:
            lost.append(error)

    with started("rakuten") as process:
        line = first_line(process)
        caller = Caller(line["url"], line["credentials"])
        with caller.client:
            caller.item("rice5", 3)
            caller.fault("timeout_before")
            pusher = threading.Thread(target=push, args=[caller])
            pusher.start()
            until(lambda: "POST /es/2.0/inventories/bulk-upsert" in caller.state()["calls"])
            began = time.monotonic()
            process.terminate()
            code = process.wait(EXIT_S_MAX)
            pusher.join(EXIT_S_MAX)
        assert process.stderr is not None
        said = process.stderr.read()

    assert code == 0
    assert time.monotonic() - began < 3.0
    assert len(lost) == 1
    assert isinstance(lost[0], httpx.RemoteProtocolError | httpx.ReadError)
    assert said == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["nomall"],
        [],
        ["rakuten", "--port", "70000"],
        ["rakuten", "--port", "web"],
        ["rakuten", "--speed", "0"],
        ["rakuten", "--speed", "nan"],
        ["rakuten", "--speed", "fast"],
        ["rakuten", "--colour", "red"],
    ],
)
def test_bad_arguments_get_one_sentence_and_exit_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)

    said = capsys.readouterr()
    assert left.value.code == 2
    assert said.out == ""
    assert said.err.startswith("sandbox: ")
    assert said.err.count("\n") == 1


@pytest.mark.slow
def test_a_bad_argument_ends_the_process_with_2() -> None:
    with started("nomall") as process:
        out, err = process.communicate(timeout=EXIT_S_MAX)

    assert process.returncode == 2
    assert out == ""
    assert "rakuten" in err


def test_a_taken_port_gets_one_sentence_and_exit_3(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert main(["rakuten", "--port", str(port)]) == 3

    said = capsys.readouterr()
    assert said.out == ""
    assert str(port) in said.err
    assert said.err.count("\n") == 1
