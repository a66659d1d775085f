"""Yahoo's wire format: XML in, XML and forms out, its times and numbers.

A body is read into `Node`s by local name: namespaces, CDATA, padding and element order do not
matter, and an element that the caller did not name is dropped while it is parsed, so that a buyer
never enters an object (invariant 10). DTDs and entities are refused. Facts: docs/malls/yahoo.md.
"""

import html
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Protocol, cast
from urllib.parse import urlencode
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

JST = timezone(timedelta(hours=9))

DEPTH_MAX = 32
"""Elements kept inside each other; the deepest real answer has seven."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,12}")


class Unreadable(Exception):
    """A body is not what Yahoo's documents say. The text names the place, never a value."""


@dataclass(slots=True)
class Node:
    """One element, with what was asked for below it."""

    name: str
    attributes: Mapping[str, str]
    children: list["Node"] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The element's own text without the padding around it."""
        return "".join(self.pieces).strip()

    def all(self, name: str) -> Iterator["Node"]:
        """The direct children of that name, in their order: one, several or none."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> "Node | None":
        """The first direct child of that name."""
        return next(self.all(name), None)

    def text_of(self, name: str) -> str:
        """The text of the first child of that name; "" where it is empty or not there."""
        child = self.first(name)
        return "" if child is None else child.text


class _Parser(Protocol):
    """The part of defusedxml's parser that is used here."""

    def feed(self, data: bytes) -> None: ...

    def close(self) -> Node | None: ...


class _Keeper:
    """The parser's target: builds nodes of the wanted names and counts its way over the rest."""

    def __init__(self, keep: frozenset[str]) -> None:
        self._keep = keep
        self._open: list[Node] = []
        self._skipped = 0
        self._root: Node | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = _local(tag)
        # The root is always kept: its name says what the body is.
        if self._skipped or (self._root is not None and name not in self._keep):
            self._skipped += 1
            return
        if len(self._open) >= DEPTH_MAX:
            raise Unreadable("too deep")
        node = Node(name, {_local(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node
        self._open.append(node)

    def end(self, tag: str) -> None:
        del tag
        if self._skipped:
            self._skipped -= 1
        else:
            self._open.pop()

    def data(self, text: str) -> None:
        if not self._skipped and self._open:
            self._open[-1].pieces.append(text)

    def close(self) -> Node | None:
        return self._root


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def read_xml(body: bytes, keep: frozenset[str]) -> Node:
    """The root of an XML body with only the named elements below it; else `Unreadable`."""
    make = cast(Callable[..., _Parser], XMLParser)
    try:
        parser = make(target=_Keeper(keep), forbid_dtd=True)
        parser.feed(body)
        root = parser.close()
    except (ParseError, ExpatError, DefusedXmlException, ValueError, LookupError):
        # Without the cause: a parser's message may quote the body.
        raise Unreadable("not XML") from None
    if root is None:
        raise Unreadable("empty")
    return root


def whole(text: str) -> int | None:
    """A plain whole number, signed or not; None for anything else (`33.0`, a word, nothing)."""
    return int(text) if _WHOLE.fullmatch(text) else None


def moment(text: str) -> float | None:
    """Seconds since the epoch of a time as Yahoo writes it; without an offset it is JST."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=JST)
        return at.timestamp()
    except (ValueError, OverflowError):
        return None


def jst_from(at: float) -> str:
    """The beginning of a window as a request takes it: JST, rounded down to the second."""
    return _jst(math.floor(at))


def jst_to(at: float) -> str:
    """The end of a window as a request takes it: JST, rounded up to the second."""
    return _jst(math.ceil(at))


def _jst(at: int) -> str:
    return datetime.fromtimestamp(max(at, 0), JST).strftime("%Y%m%d%H%M%S")


def escaped(text: str) -> str:
    """Text as the content of a request's XML element."""
    return html.escape(text, quote=False)


def form(fields: Sequence[tuple[str, str]]) -> bytes:
    """A form body; a plus sign leaves as %2B, as a relative quantity needs it."""
    return urlencode(fields).encode("ascii")
