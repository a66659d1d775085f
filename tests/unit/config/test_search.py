"""Which settings file is used."""

from pathlib import Path

import pytest

from config.search import find_settings, user_settings
from config.settings import SettingsError


def test_the_given_file_then_the_one_here_then_the_users_own(tmp_path: Path) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir()
    environ = {"XDG_CONFIG_HOME": str(home)}
    own = user_settings(environ)
    own.parent.mkdir(parents=True)
    own.touch()
    assert find_settings(None, directory=here, environ=environ) == own
    (here / "zaiko.toml").touch()
    assert find_settings(None, directory=here, environ=environ) == here / "zaiko.toml"
    given = tmp_path / "not-there.toml"
    assert find_settings(given, directory=here, environ=environ) == given


def test_no_file_at_all_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"write zaiko\.toml here") as caught:
        find_settings(None, directory=tmp_path, environ={"HOME": str(tmp_path)})
    assert "--config" in caught.value.message_ja


def test_a_relative_configuration_home_counts_as_not_set() -> None:
    environ = {"HOME": "/home/mise", "XDG_CONFIG_HOME": "relative"}
    assert user_settings(environ) == Path("/home/mise/.config/zaiko/zaiko.toml")
