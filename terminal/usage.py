"""A command line nobody can read, as one sentence in English and Japanese."""

import difflib
from collections.abc import Iterable
from typing import Final

HINT_CUTOFF: Final = 0.5
"""How like a known word another must be to be suggested."""


class UsageRefused(Exception):
    """The words of a command line make no command."""

    def __init__(self, english: str, japanese: str) -> None:
        super().__init__(f"{english} / {japanese}")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=HINT_CUTOFF)
    return found[0] if found else None


def no_such_command(path: list[str], word: str, known: Iterable[str]) -> UsageRefused:
    """A word where a command was expected."""
    names = [name for name in known if not name.startswith("_")]
    said = " ".join(["zaiko", *path])
    meant = nearest(word, names)
    if meant is not None:
        return UsageRefused(
            f"{said} has no command {word}; did you mean {said} {meant}?",
            f"{said} に {word} はありません。{said} {meant} の間違いではありませんか。",
        )
    listed = ", ".join(names)
    return UsageRefused(
        f"{said} has no command {word}; there are: {listed}.",
        f"{said} に {word} はありません。使えるコマンド: {listed}。",
    )


def no_such_mall(word: str, known: Iterable[str]) -> UsageRefused:
    """A pretend mall nobody has built."""
    listed = ", ".join(known)
    return UsageRefused(
        f"There is no pretend mall {word}; there are: {listed}.",
        f"サンドボックス {word} はありません。指定できるもの: {listed}。",
    )


def no_such_option(path: list[str], option: str, known: Iterable[str]) -> UsageRefused:
    """An option the command does not have."""
    said = " ".join(["zaiko", *path])
    meant = nearest(option, known)
    hint = f"; did you mean {meant}?" if meant else f"; see {said} --help."
    hint_ja = f"{meant} の間違いではありませんか。" if meant else f"{said} --help をご覧ください。"
    return UsageRefused(
        f"{said} has no option {option}{hint}",
        f"{said} に {option} というオプションはありません。{hint_ja}",
    )


def unreadable(path: list[str], sentence: str) -> UsageRefused:
    """Whatever else the command line's reader had to say."""
    said = " ".join(["zaiko", *path])
    plain = " ".join(sentence.split()).rstrip(".")
    return UsageRefused(
        f"{plain}; see {said} --help.",
        f"指定が正しくありません。{said} --help をご覧ください。",
    )
