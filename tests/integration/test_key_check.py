"""Checking and renewing a key without a running house, against the pretend malls."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from actors.keys import read_key, store_key
from sandbox.server import running

pytestmark = pytest.mark.slow


class Place:
    """A state_dir, its settings, and one pretend mall."""

    def __init__(self, root: Path, kind: str, url: str, credentials: dict[str, str]) -> None:
        self.kind = kind
        self.url = url
        self.credentials = credentials
        self.file = root / "zaiko.toml"
        self.key = root / "state" / "keys" / f"{kind}.json"
        self.file.write_text(
            f'state_dir = "state"\nbase_mall = "{kind}"\n'
            f'[[malls]]\nname = "{kind}"\nkind = "{kind}"\nbase_url = "{url}"\nspeed = 60\n'
        )

    def run(self, *words: str, told: str = "") -> tuple[int, Any, str]:
        command = (sys.executable, "-P", "-m", "actors.key_check", self.kind)
        done = subprocess.run(
            (*command, "--config", str(self.file), *words),
            input=told, capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        assert not any(
            secret in done.stdout + done.stderr
            for name, secret in self.credentials.items()
            if name not in {"seller_id", "client_id", "public_key_version"}
        )
        return done.returncode, json.loads(done.stdout or "null"), done.stderr


@pytest.fixture(params=["rakuten", "yahoo"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with running(request.param, speed=60) as serving:
        place = Place(tmp_path, request.param, serving.url, dict(serving.credentials))
        place.key.parent.mkdir(parents=True, mode=0o700)
        place.key.parent.parent.chmod(0o700)
        yield place


def test_a_stored_key_is_checked_and_one_that_stopped_is_said_to(place: Place) -> None:
    code, told, _ = place.run()
    assert (code, told["is_good"], told["code"]) == (3, False, "no-key")
    store_key(place.key, place.credentials, 1.0)
    code, told, _ = place.run()
    assert (code, told["is_good"], told["mall"]) == (0, True, place.kind)
    assert "expires_at" in told
    httpx.post(f"{place.url}/_sandbox/credentials", json={}).raise_for_status()
    code, told, _ = place.run("check")
    assert (code, told["is_good"], told["level"]) == (3, False, 9)
    assert told["message"]
    assert told["hint_en"]


def test_renewal_is_by_consent_where_the_mall_has_it(place: Place) -> None:
    store_key(place.key, place.credentials, 1.0)
    code, told, _ = place.run("consent")
    assert code == 0
    assert told["where"]
    if place.kind == "rakuten":
        assert told["url"] is None
        return
    reply = httpx.get(told["url"])
    where = reply.headers.get("location") or reply.text
    before = read_key(place.key)
    code, told, _ = place.run("redeem", told=where)
    after = read_key(place.key)
    assert before is not None
    assert after is not None
    assert (code, told["is_good"]) == (0, True)
    assert after.version > before.version
    assert place.run()[0] == 0


def test_a_mall_that_is_not_in_the_settings_is_one_sentence(place: Place) -> None:
    place.kind = "elsewhere"
    code, told, sentence = place.run()
    assert (code, told) == (2, None)
    assert sentence.startswith("there is no mall named elsewhere")
    assert "Traceback" not in sentence
