"""Which kinds of mall there are: one explicit mapping, each kind loaded when it is first asked for.

A mall actor names its own kind and so loads one connector, never its neighbours': a connector that
cannot be imported stops its own mall and no other. The inventory asks for cards, which are data;
an account's switches may change a card (how it takes quantities, for one), so they are handed in.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from msgspec import structs

from engine.connector import Card, Kind
from engine.product_file import FileReader

KINDS = ("rakuten", "yahoo", "amazon", "aupay", "makeshop")
"""Every kind of mall, in the order they are told to people."""

CardFor = Callable[[Mapping[str, str]], Card]


def card_of(kind: str, switches: Mapping[str, str]) -> Card:
    """The card of an account with these switches, without loading its connector.

    KeyError for a kind nobody wrote a connector for.
    """
    room = import_module(f"malls.{_known(kind)}.card")
    return cast(CardFor, room.card_for)(switches)


def settled_switches(
    kind: str, switches: Mapping[str, str], found: Mapping[str, str]
) -> Mapping[str, str]:
    """The switches of an account, overruled by what a probe found where they ask for one."""
    if not found or not card_of(kind, switches).needs_probe:
        return switches
    return {**switches, **found}


def connector_of(kind: str, switches: Mapping[str, str]) -> Kind:
    """The connector of a kind with the card of an account. KeyError for an unknown kind."""
    room = import_module(f"malls.{_known(kind)}.connection")
    return structs.replace(cast(Kind, room.KIND), card=card_of(kind, switches))


def file_reader_of(kind: str) -> FileReader:
    """The reader of a kind's product files. KeyError for an unknown kind."""
    room = import_module(f"malls.{_known(kind)}.product_file")
    return cast(FileReader, room.read)


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise KeyError(kind)
    return kind
