"""The settings: their shape, their loading, where state lives, and how logs are written."""
