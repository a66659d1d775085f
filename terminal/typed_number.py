"""A whole number on a command line, within bounds: full-width digits and `1,000` are taken."""

from collections.abc import Callable
from typing import Final

import typer

from engine.whole_number import signed_number

NUMBER_MAX: Final = 9_223_372_036_854_775_807
"""Nothing has a larger number."""


def typed(least: int, most: int = NUMBER_MAX) -> Callable[[str | int], int]:
    """A parser of an argument or option that takes numbers of that range."""

    def number(text: str | int) -> int:
        # A default comes as the number it is.
        found = text if isinstance(text, int) else signed_number(text)
        if found is None:
            raise typer.BadParameter(f"{text!r} is not a whole number")
        if not least <= found <= most:
            bound = f"{least} or more" if most == NUMBER_MAX else f"from {least} to {most}"
            raise typer.BadParameter(f"{text} is not in the range: it must be {bound}")
        return found

    return number
