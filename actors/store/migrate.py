"""Runs the migrations on one database file: `python -P -m actors.store.migrate PATH`."""

import pathlib
import sys

from alembic import command
from alembic.config import Config


def migrate(path: pathlib.Path, revision: str = "head") -> None:
    """Upgrades the database at path to a revision."""
    config = Config()
    config.set_main_option("script_location", str(pathlib.Path(__file__).parent / "migrations"))
    config.attributes["path"] = path
    command.upgrade(config, revision)


if __name__ == "__main__":
    migrate(pathlib.Path(sys.argv[1]))
