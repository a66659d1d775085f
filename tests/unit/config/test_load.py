"""The settings file: defaults, precedence, bounds, and one clear sentence for every mistake."""

from pathlib import Path

import pytest

from config.load import load_settings, parse_settings
from config.settings import MallSettings, Settings, SettingsError

LEAST = """
state_dir = "state"
base_mall = "rakuten"
[[malls]]
name = "rakuten"
kind = "rakuten"
"""
SOURCE = Path("/srv/shop/zaiko.toml")


def parsed(text: str) -> Settings:
    return parse_settings(text.encode(), SOURCE)


def only_mall(top: str = "", own: str = "") -> MallSettings:
    return parsed(top + LEAST + own).malls[0]


def refusal(text: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        parsed(text)
    error = caught.value
    assert "\n" not in error.message
    assert error.message.startswith(str(SOURCE))
    assert error.message.endswith((".", "?"))
    assert error.message_ja.endswith("。")
    return error


def test_the_least_settings_work_and_everything_else_has_its_default() -> None:
    settings = parsed(LEAST)
    assert settings.base_mall == "rakuten"
    assert settings.state_dir == Path("/srv/shop/state")
    assert settings.database == "sqlite:////srv/shop/state/zaiko.db"
    assert settings.database_file == Path("/srv/shop/state/zaiko.db")
    assert settings.source == SOURCE
    assert settings.malls == (MallSettings(name="rakuten", kind="rakuten"),)
    assert settings.mall("rakuten") is settings.malls[0]
    assert settings.mall("yahoo") is None


def test_an_absolute_state_dir_stays_and_a_relative_one_starts_at_the_file(tmp_path: Path) -> None:
    assert parsed(LEAST.replace('"state"', '"/var/zaiko"')).state_dir == Path("/var/zaiko")
    file = tmp_path / "zaiko.toml"
    file.write_text(LEAST)
    assert load_settings(file).state_dir == tmp_path / "state"


def test_a_relative_database_starts_at_the_file() -> None:
    settings = parsed('database = "sqlite:///stock.db"\n' + LEAST)
    assert settings.database == "sqlite:////srv/shop/stock.db"


def test_a_malls_own_table_wins_over_the_top_which_wins_over_the_default() -> None:
    assert only_mall().buffer == 0
    assert only_mall("buffer = 2\n").buffer == 2
    assert only_mall("buffer = 2\n", "buffer = 3\n").buffer == 3


@pytest.mark.parametrize(
    ("top", "own", "interval_s"),
    [
        ("", "", 180),
        ("speed_up = true\n", "", 60),
        ("poll_interval_s = 90\n", "", 90),
        ("poll_interval_s = 90\nspeed_up = true\n", "", 90),
        ("poll_interval_s = 90\n", "speed_up = true\n", 60),
        ("speed_up = true\n", "speed_up = false\n", 180),
        ("speed_up = true\n", "poll_interval_s = 1\n", 1),
    ],
)
def test_the_nearest_word_on_the_poll_interval_wins(top: str, own: str, interval_s: float) -> None:
    assert only_mall(top, own).poll_interval_s == interval_s


def test_late_s_follows_the_http_timeout_unless_it_is_given() -> None:
    assert only_mall().late_s == 70
    assert only_mall("http_timeout_s = 25\n").late_s == 85
    assert only_mall("http_timeout_s = 25\nlate_s = 40\n").late_s == 40


def test_speed_divides_what_the_mall_owns_and_nothing_else() -> None:
    own = 'base_url = "http://127.0.0.1:9001/"\nspeed = 60\nlive_s = 600\nstale_s = 300\n'
    mall = only_mall("", own)
    assert mall.base_url == "http://127.0.0.1:9001"
    assert mall.is_sandbox
    bounds = mall.bounds
    assert bounds.lag_s == 1
    assert bounds.late_s == 11  # the time-out is ours: only the 60 s after it are the mall's
    assert bounds.live_s == 10
    assert bounds.stale_s == 5
    assert bounds.key_grace_s == 30
    assert bounds.eps_s == 2
    assert bounds.send_within_s == 5
    assert mall.poll_interval_s == 180


def test_the_switches_of_a_kind_are_handed_to_its_connector() -> None:
    assert only_mall(own='bulk_is_atomic = true\nshop_url = "tea"\n').switches == {
        "bulk_is_atomic": "true",
        "shop_url": "tea",
        "statuses_not_counted": "",
        "order_version": "10",
        "forbidden_halts": "false",
    }
    yahoo = LEAST.replace('kind = "rakuten"', 'kind = "yahoo"')
    assert parsed(yahoo).malls[0].switches == {
        "bulk_is_atomic": "false",
        "below_zero": "unknown",
        "edit_sign": "version",
        "import_details": "variations",
    }
    makeshop = LEAST.replace('kind = "rakuten"', 'kind = "makeshop"\nquantity_mode = "relative"')
    assert parsed(makeshop).malls[0].switches == {
        "bulk_is_atomic": "false",
        "below_zero": "unknown",
        "quantity_mode": "relative",
        "probe_item": "",
        "quantity_type": "1",
        "listing_code": "custom",
        "list_inputs": "list",
    }


def test_amazons_orders_show_later_than_the_others() -> None:
    amazon = LEAST.replace('kind = "rakuten"', 'kind = "amazon"')
    assert parsed(amazon).malls[0].lag_s == 180
    assert parsed("lag_s = 90\n" + amazon).malls[0].lag_s == 90
    assert parsed(LEAST).malls[0].lag_s == 60


@pytest.mark.parametrize(("kind", "value"), [("yahoo", "none"), ("aupay", "all")])
def test_a_switchs_value_that_a_kind_does_not_know_is_refused(kind: str, value: str) -> None:
    text = LEAST.replace('kind = "rakuten"', f'kind = "{kind}"\nimport_details = "{value}"')
    assert f"means nothing for {kind}" in refusal(text).message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(LEAST + "poll_intervall_s = 5", "did you mean poll_interval_s?", id="typo"),
        pytest.param("heartbeat = 1\n" + LEAST, "did you mean heartbeat_interval_s?", id="near"),
        pytest.param("zzz = 1\n" + LEAST, "config/example.toml", id="nothing near"),
        pytest.param("Buffer = 1\n" + LEAST, "did you mean buffer?", id="case"),
        pytest.param('base_url = "http://x"\n' + LEAST, "[[malls]]", id="mall-only at the top"),
        pytest.param(LEAST + 'database = "x"', "top of the file", id="house-only in a mall"),
        pytest.param(LEAST + 'below_zero = "clamps"', "yahoo / makeshop only", id="another kind's"),
        pytest.param(LEAST + "poll_interval_s = 0.9", "from 1 to 86400 (it is 0.9)", id="low"),
        pytest.param(LEAST + "poll_interval_s = 86401", "from 1 to 86400", id="high"),
        pytest.param(LEAST + "poll_interval_s = nan", "from 1 to 86400", id="nan"),
        pytest.param(LEAST + "poll_interval_s = inf", "from 1 to 86400", id="inf"),
        pytest.param(LEAST + 'poll_interval_s = "180"', "without quotes", id="text number"),
        pytest.param(LEAST + "poll_interval_s = true", "must be a number", id="bool number"),
        pytest.param(LEAST + "buffer = 1.5", "whole number", id="fraction"),
        pytest.param(LEAST + "buffer = -1", "from 0", id="negative"),
        pytest.param(LEAST + "cap = 99999999999999999999", "cap must be", id="huge"),
        pytest.param(LEAST + "eps_s = 1", "from 2", id="protocol's least"),
        pytest.param(LEAST + 'speed_up = "yes"', "true or false", id="bool"),
        pytest.param(LEAST + 'restock = "sometimes"', "one of auto, never", id="choice"),
        pytest.param(LEAST + 'on_difference = "guess"', "adopt, repair, report", id="difference"),
        pytest.param(LEAST + 'mode = "dry"', "one of live, shadow", id="mode"),
        pytest.param(LEAST + "breaker_zero_share = 1.1", "from 0 to 1", id="share"),
        pytest.param(LEAST + "speed = 60", "give base_url too", id="speed of a real mall"),
        pytest.param(LEAST + 'base_url = "127.0.0.1:9001"', "http://127.0.0.1", id="address"),
        pytest.param(LEAST + 'base_url = "http://u:p@x/"', "http://127.0.0.1", id="user"),
        pytest.param(LEAST + 'base_url = "http://x:99999"', "http://127.0.0.1", id="port"),
        pytest.param(LEAST + "late_s = 5", "at least http_timeout_s (10)", id="late"),
        pytest.param(LEAST.replace('kind = "rakuten"', ""), "kind must be", id="no kind"),
        pytest.param(LEAST.replace('kind = "rakuten"', 'kind = "shopee"'), "kind must", id="kind"),
        pytest.param(LEAST.replace('name = "rakuten"', ""), "mall number 1 needs", id="no name"),
        pytest.param(LEAST.replace('name = "rakuten"', 'name = "a/b"'), "needs a name", id="name"),
        pytest.param(LEAST + LEAST[LEAST.index("[["):], "two malls", id="twice"),
        pytest.param(LEAST.replace('base_mall = "rakuten"', ""), "the name of one", id="none"),
        pytest.param(LEAST.replace('l = "rakuten"', 'l = "x"'), "the name of one", id="base"),
        pytest.param('base_mall = "rakuten"', "at least one mall", id="no malls"),
        pytest.param('[malls]\nname = "x"', "[[malls]]", id="one table"),
        pytest.param("malls = [1]", "[[malls]]", id="no table"),
        pytest.param('database = "postgresql://me:pw@db/z"\n' + LEAST, "yet", id="postgresql"),
        pytest.param('database = "mysql://db/z"\n' + LEAST, "sqlite:///zaiko.db", id="database"),
        pytest.param("state_dir = \n", "not valid TOML", id="syntax"),
        pytest.param(LEAST.replace('"state"', "7"), "text in quotes", id="state_dir"),
    ],
)  # fmt: skip
def test_every_mistake_is_one_sentence_in_two_languages(text: str, words: str) -> None:
    assert words in refusal(text).message


def test_a_credential_in_the_settings_is_refused_without_repeating_it() -> None:
    error = refusal(LEAST + 'license_key = "SL0000_verysecret"')
    assert "zaiko key set" in error.message
    assert "verysecret" not in str(error)


def test_a_password_in_a_refused_database_is_not_repeated() -> None:
    assert "pw" not in str(refusal('database = "postgresql://me:pw@db/z"\n' + LEAST))


def test_names_that_differ_by_case_only_are_the_same_key_file() -> None:
    second = '[[malls]]\nname = "Rakuten"\nkind = "rakuten"\n'
    assert "two malls" in refusal(LEAST + second).message


def test_a_file_that_is_not_there_or_no_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such settings file"):
        load_settings(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)


def test_a_file_that_is_not_utf_8_or_far_too_large_says_so(tmp_path: Path) -> None:
    file = tmp_path / "zaiko.toml"
    file.write_bytes("# 在庫".encode("cp932"))
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(file)
    file.write_bytes(b"#" * (1_048_576 + 1))
    with pytest.raises(SettingsError, match="1 MiB"):
        load_settings(file)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "zaiko.toml"
    file.write_text(LEAST, encoding="utf-8-sig")
    assert load_settings(file).base_mall == "rakuten"
