"""The shells: processes, ZeroMQ, the database, time. Each does what the engine decided."""
