"""The shells: processes, ZeroMQ, the database and time. Each does what a decider of the engine says."""
