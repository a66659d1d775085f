"""XML as the store API writes it: elements, envelopes, the shapes of an error, and dressing.

Only strings come out of here. The dressing turns a finished body into another spelling of the
same document, because the real answers are seen in several. Contract: sections 1 and 3.1.
"""

from __future__ import annotations

import re
from html import escape
from typing import Literal

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

Dressing = Literal["cdata", "plain", "padded", "bom"]

# What XML 1.0 cannot carry at all; a name typed into the shop may hold it.
_UNCARRIABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_LEAF = re.compile(r"<([A-Za-z]\w*)([^<>]*)>([^<>]+)</\1>")


def carriable(value: str) -> str:
    """The value without the characters that no XML document may hold."""
    return _UNCARRIABLE.sub("", value)


def leaf(name: str, value: object) -> str:
    """An element of plain text."""
    return f"<{name}>{escape(carriable(str(value)), quote=False)}</{name}>"


def attribute(value: object) -> str:
    """A value fit to stand between double quotes."""
    return escape(carriable(str(value)))


def text(name: str, value: str) -> str:
    """An element of free text, in CDATA unless it is empty."""
    if not value:
        return f"<{name}></{name}>"
    inside = carriable(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{inside}]]></{name}>"


def document(root: str) -> str:
    """A whole document around its root element."""
    return DECLARATION + root


def result_set(
    inside: str, *, available: int, returned: int, first: int = 1, more: str = ""
) -> str:
    """The envelope of the stock, item and most order answers."""
    return document(
        f'<ResultSet totalResultsAvailable="{available}" totalResultsReturned="{returned}"'
        f' firstResultPosition="{first}"{more}>{inside}</ResultSet>'
    )


def gateway_error(message: str, code: str | None = None) -> str:
    """Shapes (a), (d) and (g): the gateway's answer, with a code only in the px- family."""
    tail = f"\n<Code>{code}</Code>" if code else ""
    return (
        '<?xml version="1.0" encoding="utf-8" ?>\n'
        f"<Error>\n<Message>\n{escape(carriable(message), quote=False)}\n</Message>{tail}\n</Error>"
    )


def stock_error(message: str, code: str) -> str:
    """Shape (e) as the stock calls write it: one line, with the namespace."""
    inside = leaf("Message", message) + leaf("Code", code)
    return document(f'<Error xmlns="urn:yahoo:api">{inside}</Error>')


def detailed_error(message: str, code: str) -> str:
    """Shape (e) as the item and order calls write it: another order, and an empty Detail."""
    inside = f"  {text('Message', message)}\n  <Detail></Detail>\n  {leaf('Code', code)}\n"
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<Error>\n{inside}</Error>'


def dressed(body: str, dressing: str) -> bytes:
    """The same document in another spelling."""
    if dressing == "plain":
        body = _CDATA.sub(lambda found: escape(found[1], quote=False), body)
    elif dressing == "padded":
        body = _LEAF.sub(r"<\1\2>\n      \3\n    </\1>", body)
    elif dressing == "bom":
        body = "\ufeff" + body
    return body.encode("utf-8")
