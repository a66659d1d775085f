"""Which kinds of mall there are: one explicit mapping, each kind loaded when it is first asked for.

A mall actor names its own kind and so loads one connector, never its neighbours': a connector that
cannot be imported stops its own mall and no other. The inventory asks for cards, which are data.
"""

from collections.abc import Callable, Iterator, Mapping

from engine.connector import Card, Kind


def _rakuten() -> Kind:
    from malls.rakuten.connection import KIND  # noqa: PLC0415 - loaded by the actor that needs it only

    return KIND


def _yahoo() -> Kind:
    from malls.yahoo.connection import KIND  # noqa: PLC0415 - loaded by the actor that needs it only

    return KIND


def _rakuten_card() -> Card:
    from malls.rakuten.card import CARD  # noqa: PLC0415 - data, without the connector

    return CARD


def _yahoo_card() -> Card:
    from malls.yahoo.card import CARD  # noqa: PLC0415 - data, without the connector

    return CARD


_LOADERS: Mapping[str, tuple[Callable[[], Kind], Callable[[], Card]]] = {
    "rakuten": (_rakuten, _rakuten_card),
    "yahoo": (_yahoo, _yahoo_card),
}


class _Kinds(Mapping[str, Kind]):
    """The mapping KINDS is: asking for a kind imports it, naming the kinds imports none."""

    def __getitem__(self, kind: str) -> Kind:
        return _LOADERS[kind][0]()

    def __contains__(self, kind: object) -> bool:
        return kind in _LOADERS

    def __iter__(self) -> Iterator[str]:
        return iter(_LOADERS)

    def __len__(self) -> int:
        return len(_LOADERS)


KINDS: Mapping[str, Kind] = _Kinds()
"""Kind -> its card and how to connect. KeyError for a kind nobody wrote a connector for."""


def card_of(kind: str) -> Card:
    """The card of a kind, without loading its connector. KeyError for an unknown kind."""
    return _LOADERS[kind][1]()
