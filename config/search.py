"""Which settings file a command uses: --config, else ./zaiko.toml, else the user's own."""

import os
from collections.abc import Mapping
from pathlib import Path

from config.settings import SettingsError

FILE_NAME = "zaiko.toml"


def find_settings(
    given: Path | None, *, directory: Path | None = None, environ: Mapping[str, str] | None = None
) -> Path:
    """The path of the settings file. One that was given is not looked for: loading says so."""
    if given is not None:
        return given
    here = (directory or Path.cwd()) / FILE_NAME
    own = user_settings(os.environ if environ is None else environ)
    for candidate in (here, own):
        if candidate.is_file():
            return candidate
    raise SettingsError(
        f"There is no settings file: write {FILE_NAME} here or {own}, or name one with --config.",
        f"設定ファイルがありません。ここに {FILE_NAME} を作るか、--config で指定してください。",
    )


def user_settings(environ: Mapping[str, str]) -> Path:
    """Where a user's own settings file lies."""
    base = environ.get("XDG_CONFIG_HOME", "")
    # The XDG rule: a path that is not absolute counts as not set.
    home = Path(base) if base.startswith("/") else Path(environ.get("HOME", "~")) / ".config"
    return home.expanduser() / "zaiko" / FILE_NAME
