"""A whole number as people write it: full-width digits and commas between thousands are taken."""

import re
from typing import Final

_PLAIN: Final = str.maketrans("０１２３４５６７８９，＋－−", "0123456789,+--")
_WRITTEN: Final = re.compile(r"([0-9]{1,19}|[0-9]{1,3}(,[0-9]{3}){1,6})", re.ASCII)
_SIGNS: Final = ("+", "-")


def whole_number(text: str) -> int | None:
    """The number from 0 a text is; None where it is anything else, such as `1_0`, `1,5` or `+2`."""
    plain = text.strip().translate(_PLAIN)
    return int(plain.replace(",", "")) if _WRITTEN.fullmatch(plain) else None


def signed_number(text: str) -> int | None:
    """The same with a sign before it or without."""
    plain = text.strip().translate(_PLAIN)
    found = whole_number(plain[1:] if plain.startswith(_SIGNS) else plain)
    return -found if found is not None and plain.startswith("-") else found
