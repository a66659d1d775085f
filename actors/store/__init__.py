"""Everything that is SQL: schema, migrations, statements. Only the inventory opens it."""

from sqlalchemy import Connection, Engine

__all__ = ["Connection", "Engine"]
