"""Everything that is SQL: the schema, its migrations, the statements. Only the inventory opens it."""
