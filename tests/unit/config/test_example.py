"""config/example.toml names every setting with its true default, and loads as it stands."""

import re
from pathlib import Path

import msgspec

from config.load import ACCOUNT_NAMES, parse_settings
from config.settings import MallSettings, Settings
from config.values import fields_of

EXAMPLE = Path(__file__).parents[3] / "config" / "example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
UNCOMMENTED = re.sub(r"(?m)^# (?=[a-z_]+ = )", "", TEXT)


def without(names: set[str], settings: msgspec.Struct) -> dict[str, object]:
    return {
        name: value for name, value in msgspec.structs.asdict(settings).items() if name not in names
    }


def test_it_loads_as_it_stands() -> None:
    settings = parse_settings(TEXT.encode(), EXAMPLE)
    assert [mall.kind for mall in settings.malls] == [
        "rakuten", "yahoo", "amazon", "aupay", "makeshop"
    ]  # fmt: skip


def test_uncommented_it_loads_and_every_value_is_the_default() -> None:
    plain = parse_settings(TEXT.encode(), EXAMPLE)
    full = parse_settings(UNCOMMENTED.encode(), EXAMPLE)
    unlike = {"malls", "database", "notify_channels"}
    assert without(unlike, full) == without(unlike, plain)
    for mall, other in zip(plain.malls, full.malls, strict=True):
        shown_only = {"cap", "base_url", "speed", "shop_url", "probe_item", "statuses_not_counted"}
        if mall.kind == "amazon":
            shown_only.add("lag_s")  # its own default is longer than the one at the top
        assert without(shown_only, mall) == without(shown_only, other)


def test_it_names_every_setting() -> None:
    named = set(re.findall(r"(?m)^([a-z_]+) = ", UNCOMMENTED))
    known = {*fields_of(Settings), *fields_of(MallSettings)} - {"malls", "source"}
    assert named == known
    assert set(ACCOUNT_NAMES) <= named
