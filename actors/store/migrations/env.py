"""Alembic's entry: runs the migrations on the file it is handed."""

import sqlalchemy
from alembic import context

from actors.store.schema import METADATA

engine = sqlalchemy.create_engine(f"sqlite:///{context.config.attributes['path']}")
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
