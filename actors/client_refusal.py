"""A "no" as a command tells it: the exit code and one sentence in Japanese and English."""


class Refusal(Exception):
    """Not done, and nothing changed."""

    def __init__(self, exit_code: int, message: str, message_en: str) -> None:
        super().__init__(message_en)
        self.exit_code = exit_code
        """1 a bug, 2 usage, 3 not possible now, 4 no daemon."""
        self.message = message
        """In Japanese."""
        self.message_en = message_en
        """In English."""

    def __str__(self) -> str:
        return f"{self.message_en} / {self.message}"
