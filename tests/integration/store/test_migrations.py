"""The migrations add up to the schema, and the schema's version is the newest migration's."""

import pathlib

import pytest
import sqlalchemy
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.pool import StaticPool

from actors.store.database import HEAD, SchemaError, bring_up, open_writer, version_of
from actors.store.schema import METADATA

MIGRATIONS = pathlib.Path(__file__).parents[3] / "actors" / "store" / "migrations"


def _shape(engine: sqlalchemy.Engine) -> dict[str, str]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            " AND name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite%'"
        )
        return {name: "".join(sql.split()).replace('"', "") for name, sql in rows}


@pytest.mark.slow
def test_the_migrations_add_up_to_the_schema(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "zaiko.db"
    migrated = open_writer(path)
    bring_up(migrated, path)
    created = sqlalchemy.create_engine("sqlite://", poolclass=StaticPool)
    METADATA.create_all(created)
    assert _shape(migrated) == _shape(created)
    assert version_of(migrated) == HEAD
    created.dispose()
    migrated.dispose()


def test_the_newest_migration_is_the_version_the_code_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


@pytest.mark.slow
def test_a_database_of_a_newer_zaiko_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "zaiko.db"
    engine = open_writer(path)
    bring_up(engine, path)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="9999"):
        bring_up(engine, path)
    engine.dispose()
