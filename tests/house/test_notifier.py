"""The notification library is loaded by the notifier alone: its memory is nobody else's."""

import subprocess
import sys

import pytest

from tests.house.rules import imports_of
from tests.house.tree import ROOT, modules

OTHERS = (
    "actors.inventory", "actors.mall", "actors.supervisor", "actors.key_check", "actors.client",
    "cli", "malls.rakuten.connection", "malls.yahoo.connection", "malls.amazon.connection",
    "malls.aupay.connection", "malls.makeshop.connection",
)  # fmt: skip
LOOK = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print("apprise" in sys.modules)
"""


def is_loaded_by(*names: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *names], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip() == "True"


def test_only_the_notifier_and_the_trial_of_a_channel_name_what_loads_it() -> None:
    naming = {
        module.path
        for module in modules()
        if module.is_product
        for name, _ in imports_of(module)
        if name.startswith("actors.channel_post")
    }
    assert naming == {"actors/notifier.py", "actors/channel_check.py"}


@pytest.mark.slow
def test_no_other_process_holds_it() -> None:
    assert is_loaded_by("actors.notifier")
    assert not is_loaded_by(*OTHERS)
