"""The house rules on the whole tree. What a rule means is tried in test_rules.py."""

import re

import pytest

from tests.house import rules
from tests.house.tree import ROOT, complaints, files, modules, texts


def test_the_tree_is_seen() -> None:
    assert "engine/supervision.py" in files()
    assert not any(name.startswith(".venv/") for name in files())
    assert len(modules()) > 20


@pytest.mark.parametrize(
    "rule",
    [
        rules.wrong_arrows,
        rules.homeless_imports,
        rules.impurities,
        rules.oversizes,
        rules.nameless,
        rules.undescribed,
    ],
    ids=lambda rule: str(rule.__name__),
)
def test_no_module_breaks_a_house_rule(rule: object) -> None:
    assert callable(rule)
    assert complaints(rule) == []


# The words are put together here so that this file does not name them.
LEFT_OPEN = re.compile(
    r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b"
)
PACKAGE_HOST = re.compile(
    "|".join(("pypi" + r"\.org", "python" + "hosted", "--(extra-)?index" + "-url "))
)
MACHINE_PATH = re.compile(
    "|".join((r"(?<![\w.$}])/wor" + "k/", r"(?<![\w.$}])/ro" + "ot/", r"file:///o" + "pt"))
)


def seen(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.search(text) is not None


@pytest.mark.parametrize(
    ("pattern", "bad", "good"),
    [
        (LEFT_OPEN, "# TO" + "DO: later", "# What is to do, todoist, TODOS"),
        (LEFT_OPEN, "FIX" + "ME", "PREFIXMEN"),
        (PACKAGE_HOST, "https://pypi" + ".org/simple", "pypiserver"),
        (PACKAGE_HOST, "--extra-index" + "-url x", "index of urls"),
        (MACHINE_PATH, "see /wor" + "k/shared", "network/work/x, ./work/"),
        (MACHINE_PATH, "'/ro" + "ot/.config'", "$root/scripts"),
    ],
)
def test_what_the_text_rules_look_for(pattern: re.Pattern[str], bad: str, good: str) -> None:
    assert seen(pattern, bad)
    assert not seen(pattern, good)


@pytest.mark.parametrize(
    "pattern", [LEFT_OPEN, PACKAGE_HOST, MACHINE_PATH], ids=["open end", "host", "machine path"]
)
def test_no_file_has_an_open_end_a_package_host_or_a_machine_path(pattern: re.Pattern[str]) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if seen(pattern, line)
    ]
    assert found == []


def test_every_script_can_be_run() -> None:
    for name in ("scripts/zaiko", "scripts/test", "scripts/check", "scripts/lock", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111, f"{name} is not executable"
