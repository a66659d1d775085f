"""XML as the Wow! manager writes it: elements, the envelope, and another spelling of the same.

Only text comes out of here. There is no namespace; every value is text. Contract: sections 1 and 2.
"""

from __future__ import annotations

import re
from html import escape
from typing import Literal

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

Dressing = Literal["plain", "padded", "bom"]

# What XML 1.0 cannot carry at all; a name typed into the shop may hold it.
_UNCARRIABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEAF = re.compile(r"<([A-Za-z]\w*)>([^<>]+)</\1>")


def leaf(name: str, value: object) -> str:
    """An element of plain text."""
    text = escape(_UNCARRIABLE.sub("", str(value)), quote=False)
    # A bare carriage return would reach the reader as a line feed.
    return f"<{name}>{text}</{name}>".replace("\r", "&#13;")


def cdata(name: str, value: str) -> str:
    """An element of free text as the catalogue writes descriptions: tags inside are text."""
    inside = _UNCARRIABLE.sub("", value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{inside}]]></{name}>"


def node(name: str, *parts: str) -> str:
    """An element of elements."""
    return f"<{name}>{''.join(parts)}</{name}>"


def document(result: str, *parts: str, dressing: Dressing = "plain") -> bytes:
    """A whole answer: the result node, then what was asked for."""
    root = node("response", result, *parts)
    if dressing == "padded":
        root = _LEAF.sub(r"<\1>\n    \2\n  </\1>", root)
    mark = "\ufeff" if dressing == "bom" else ""
    return (mark + DECLARATION + root).encode()
