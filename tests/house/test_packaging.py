"""The wheel, the lock and the README agree with the tree."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import cli
from tests.house.rules import ARROWS
from tests.house.tree import ROOT, files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
CODE_BLOCK = re.compile(r"```(?:sh|console|shell)\n(.*?)```", re.DOTALL)


def requirement_name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def commands_of(text: str) -> list[list[str]]:
    """The command lines of a text's shell blocks, as words, without prompts and comments."""
    lines = [
        line.strip().removeprefix("$ ").split(" #")[0]
        for block in CODE_BLOCK.findall(text)
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return [line.split() for line in lines if line and not line.startswith("#")]


def test_the_wheels_list_is_the_trees_packages() -> None:
    there = {
        str(Path(name).parent).replace("/", ".")
        for name in files()
        if name.endswith("/__init__.py") and name.split("/")[0] in ARROWS
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == there


def test_no_module_lies_outside_of_a_package() -> None:
    lost = [
        name
        for name in files()
        if name.endswith(".py")
        and name.split("/")[0] in ARROWS
        and not (ROOT / name).with_name("__init__.py").exists()
        and "/migrations/" not in name
        and "/" in name
    ]
    assert lost == []


@pytest.mark.slow
def test_the_wheel_holds_every_module_and_runs_away_from_the_checkout(tmp_path: Path) -> None:
    if not (ROOT / "cli.py").exists() or not (ROOT / "README.md").exists():
        pytest.skip("the command and its README are not there yet")
    copy = tmp_path / "copy"
    for name in files():
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    options = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "wheel", *options, "-w", str(tmp_path), str(copy)], check=True)
    (wheel,) = tmp_path.glob("zaiko-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
        archive.extractall(tmp_path / "installed")
    product = {
        name
        for name in files()
        if name.split("/")[0].removesuffix(".py") in ARROWS and not name.endswith(".md")
    }
    assert inside == product
    where = "import cli; print(cli.__file__)"
    told = subprocess.run(
        [sys.executable, "-P", "-c", where],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == str(tmp_path / "installed" / "cli.py")


def test_the_lock_pins_every_library_with_hashes_and_names_no_address() -> None:
    lines = [line for line in LOCK.splitlines() if not line.startswith("#")]
    pins = [line for line in lines if not line.startswith(" ")]
    hashes = [line for line in lines if line.startswith(" ")]
    assert all(re.fullmatch(r"[a-z0-9.-]+==[\w.]+ \\", pin) for pin in pins)
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes)
    assert "://" not in LOCK
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    assert {requirement_name(name) for name in wanted} <= {pin.split("==")[0] for pin in pins}


def test_commands_are_read_out_of_shell_blocks() -> None:
    text = "```sh\n$ scripts/zaiko demo \\\n  --json  # watch\n# no\nls\n```\n```toml\nx = 1\n```\n"
    assert commands_of(text) == [["scripts/zaiko", "demo", "--json"], ["ls"]]


def test_every_command_of_the_readme_exists(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The command's umask is for its own process.
    monkeypatch.setattr("os.umask", lambda mask: mask)
    readme = ROOT / "README.md"
    if not readme.exists() or not (ROOT / "cli.py").exists():
        pytest.skip("the command and its README are not there yet")
    commands = commands_of(readme.read_text(encoding="utf-8"))
    assert any(words[0] == "scripts/zaiko" for words in commands)
    asked: set[tuple[str, ...]] = set()
    for words in commands:
        if words[0].startswith("scripts/"):
            assert (ROOT / words[0]).exists(), f"README names {words[0]}"
        if words[0] in {"scripts/zaiko", "zaiko"}:
            plain = (word for word in words[1:3] if re.fullmatch(r"[a-z]+", word))
            asked.add(tuple(plain)[:1])
    for command in sorted(asked):
        code = cli.main([*command, "--help"])
        assert code == 0, f"README names zaiko {' '.join(command)}: {capsys.readouterr().err}"
