"""The engine decides and is pure: no clock, chance, file, socket, log or coroutine lives here."""
