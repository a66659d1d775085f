"""au PAY's wire format: XML in, XML out, its times and numbers.

A body is read into `Node`s by local name. An element that the caller did not name is dropped while
it is parsed, so that a buyer never enters an object (invariant 10). DTDs and entities are refused.
Characters that XML forbids are dropped first: a buyer's comment may hold them, and one comment
must not hide a page of orders. Facts: docs/malls/aupay.md.
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Protocol, cast
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

JST = timezone(timedelta(hours=9))

DEPTH_MAX = 32
"""Elements kept inside each other; the deepest real answer has six."""

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'

_WHOLE = re.compile(r"[0-9]{1,12}")
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:x0*(?:[0-8bcBCefEF]|1[0-9a-fA-F])|"
                        rb"0*(?:[0-8]|1[1-24-9]|2[0-9]|3[01]));")  # fmt: skip
"""Control characters, bare or as references, but for tab and line ends."""
_SENDABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")


class Unreadable(Exception):
    """A body is not what the contract says. The text names the place, never a value."""


@dataclass(slots=True)
class Node:
    """One element, with what was asked for below it."""

    name: str
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
        del attributes  # nothing of this mall is told by one
        name = tag.rpartition("}")[2]
        # The root is always kept: its name says what the body is.
        if self._skipped or (self._root is not None and name not in self._keep):
            self._skipped += 1
            return
        if len(self._open) >= DEPTH_MAX:
            raise Unreadable("too deep")
        node = Node(name)
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


def read_xml(body: bytes, keep: frozenset[str]) -> Node:
    """The root of an XML body with only the named elements below it; else `Unreadable`."""
    make = cast(Callable[..., _Parser], XMLParser)
    try:
        parser = make(target=_Keeper(keep), forbid_dtd=True)
        parser.feed(_FORBIDDEN.sub(b"", body))
        root = parser.close()
    except (ParseError, ExpatError, DefusedXmlException, ValueError, LookupError):
        # Without the cause: a parser's message may quote the body.
        raise Unreadable("not XML") from None
    if root is None:
        raise Unreadable("empty")
    return root


def whole(text: str) -> int | None:
    """A plain whole number without a sign; None for anything else (`33.0`, a word, nothing)."""
    return int(text) if _WHOLE.fullmatch(text) else None


def moment(text: str) -> float | None:
    """Seconds since the epoch of `YYYY/MM/DD HH:MM`, JST; with seconds, should they ever come."""
    for form in ("%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=JST).timestamp()
        except (ValueError, OverflowError):
            continue
    return None


def last_day(text: str) -> float | None:
    """The beginning of a day in Japan, from `YYYY-MM-DD` or `YYYY/MM/DD`."""
    try:
        day = date.fromisoformat(text.strip().replace("/", "-"))
        return datetime(day.year, day.month, day.day, tzinfo=JST).timestamp()
    except (ValueError, OverflowError):
        return None


def day_of(at: float) -> str:
    """The day in Japan of a moment, as a request takes it."""
    return datetime.fromtimestamp(max(at, 0.0), JST).strftime("%Y%m%d")


def is_sendable(text: str) -> bool:
    """Whether a code can stand in a request's XML as it is."""
    return _SENDABLE.fullmatch(text) is not None


def element(name: str, text: str | int) -> str:
    """One element of a request."""
    return f"<{name}>{html.escape(str(text), quote=False)}</{name}>"
