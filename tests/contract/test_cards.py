"""The quality cards agree with the tests, with the registry, and with what docs/ tells people."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from malls.registry import KINDS
from tests.contract.cards import CARDS, DONE, POINTS, Exempt

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "malls" / "quality.md"


@cache
def proven() -> set[str]:
    """The points that tests of this folder name; each runs for every mall that is not exempt."""
    found = set()
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        for name, thing in vars(import_module(f"tests.contract.{file.stem}")).items():
            marks = getattr(thing, "pytestmark", ()) if name.startswith("test_") else ()
            found |= {mark.args[0] for mark in marks if mark.name == "point"}
    return found


def test_every_connector_has_a_card() -> None:
    assert tuple(CARDS) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_tells_every_point_and_a_reason_where_it_is_exempt(kind: str) -> None:
    card = CARDS[kind]
    assert list(card) == list(POINTS)
    for point, mark in card.items():
        if isinstance(mark, Exempt):
            assert len(mark.reason) > 20, point
            assert mark.reason.endswith("."), point
        else:
            assert mark == DONE


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_done_has_a_test_that_runs_for_the_mall(kind: str) -> None:
    assert {point for point, mark in CARDS[kind].items() if mark == DONE} <= proven()


def test_no_test_is_of_a_point_that_is_not_in_the_list() -> None:
    assert proven() == set(POINTS)


@pytest.mark.parametrize("point", POINTS)
def test_every_point_is_proven_by_one_mall_at_least(point: str) -> None:
    assert DONE in [card[point] for card in CARDS.values()]


def table() -> str:
    """The cards as the page shows them: a row a point, the reasons below."""
    lines = [f"| point | {' | '.join(CARDS)} |", "|---|" + "---|" * len(CARDS)]
    reasons: dict[str, int] = {}
    for point, proves in POINTS.items():
        marks = [
            f"({reasons.setdefault(mark.reason, len(reasons) + 1)})"
            if isinstance(mark, Exempt)
            else "done"
            for mark in (card[point] for card in CARDS.values())
        ]
        lines.append(f"| {proves} | {' | '.join(marks)} |")
    lines += ["", *(f"{number}. {reason}" for reason, number in reasons.items())]
    return "\n".join(lines)


def test_the_page_shows_the_cards() -> None:
    assert f"\n{table()}\n" in PAGE.read_text(encoding="utf-8")
