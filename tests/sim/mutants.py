"""Planted bugs: one rule of the protocol, or one promise of the desk, left out.

python -m tests.sim.mutants            which of the first seeds find each of them
python -m tests.sim.mutants NAME ...   the same for some
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

import actors.desk.account as account_module
import actors.desk.intake as intake_module
import actors.desk.pulls as pulls_module
import engine.mall as mall_module
import engine.outcome as outcome_module
import engine.own_effect as own_effect_module
import engine.push as push_module
import engine.settle as settle_module
import malls.aupay.card as aupay_card
from actors.desk.account import rules_of
from engine.anchored import anchored_done
from engine.mall import Mall
from engine.mall_action import Moment, Poll
from engine.orders import compare
from engine.push_state import ListingPush, MallRules, Step, plus
from tests.sim.house import Ran, simulate

Patch = Callable[[ExitStack], None]
SEARCHED = range(200)

_POLL = Mall._poll
_ANCHORED_DONE = anchored_done


@dataclass(frozen=True)
class Mutant:
    """One planted bug."""

    name: str
    what: str
    plant: Patch = field(repr=False)
    seeds: Sequence[int] = ()
    """Seeds that found it when it was written, the quickest first; they are tried first."""
    fleet: bool = False
    """Its seeds are those of mixed fleets."""
    takes_long: bool = False
    """It shows only as a run that never converges: `python -m tests.sim.mutants NAME` tries it."""


def first_failure(mutant: Mutant, seeds: Iterable[int]) -> Ran | None:
    """The first run that fails with the bug planted."""
    for seed in seeds:
        with ExitStack() as stack:
            mutant.plant(stack)
            ran = simulate(seed, fleet=mutant.fleet)
        if ran.error is not None:
            return ran
    return None


def _replaced(owner: Any, name: str, value: Any) -> Patch:
    return lambda stack: stack.enter_context(patch.object(owner, name, value))


# --- the rules left out ---------------------------------------------------------------------------


def _rise_from_below_zero(state: ListingPush, wanted: int) -> int:
    return max(0, wanted - state.high)


def _fall_without_doubts(state: ListingPush, wanted: int) -> int:
    return min(0, wanted - state.high)


def _unknown_is_not_done(state: ListingPush, *_: Any) -> Step:
    return Step(state)


def _unknown_is_done(state: ListingPush, call: Any, _rules: Any) -> Step:
    if call.value is not None:
        return Step(state)
    return Step(replace(state, low=plus(state.low, call.delta), high=state.high + call.delta))


def _complete_without_recheck(account: Any) -> float | None:
    if account.row.watermark is None or account.row.recheck_watermark is None:
        return None
    return float(account.row.watermark) - float(account.rules.lag_s)


def _complete_without_lag(account: Any) -> float | None:
    if account.row.watermark is None or account.row.recheck_watermark is None:
        return None
    return float(min(account.row.watermark, account.row.recheck_watermark))


def _settled_beside_parked(reading: Any, event: Any, rules: Any) -> bool:
    return bool(event.complete > reading.end + 2 * rules.eps_s)


def _reading_survives(state: ListingPush, *_: Any) -> Step:
    return Step(state)


def _never_older(stored: Any, snapshot: Any, *rest: Any) -> Any:
    return compare(None, snapshot, *rest)


def _counts_every_look(stack: ExitStack) -> None:
    stack.enter_context(patch.object(intake_module, "compare", _never_older))


def _guard_on_stale_reads(stack: ExitStack) -> None:
    """What a mall whose reads are stale is taken for when nobody turns its switch."""
    stack.enter_context(patch.object(aupay_card, "card_for", lambda _switches: aupay_card.CARD))


def _live_when_accepted(*account: Any, **shadow: Any) -> MallRules:
    return replace(rules_of(*account, **shadow), live_s=0.0)


def _reads_are_live(*account: Any, **shadow: Any) -> MallRules:
    return replace(rules_of(*account, **shadow), stale_s=0.0)


def _reread_without_margin(mall: Mall, at: Moment) -> Poll | None:
    since = mall.recheck_watermark
    poll = _POLL(mall, at)
    if poll is None or since is None or not (poll.is_recheck and mall.tempo.lists_changes):
        return poll
    return replace(poll, window_start=max(poll.window_start, since))


def _never_once_more(state: ListingPush, call: Any, event: Any, rules: Any) -> Step:
    step = _ANCHORED_DONE(state, replace(call, overtaken=False), event, rules)
    return replace(step, state=replace(step.state, again=False))


def _parked_left_alone(_turn: Any, _account: Any) -> None:
    return None


MUTANTS = (
    Mutant(
        "d1-below-zero",
        "D1 counts from high below zero: sells a unit that is not there (story 12)",
        _replaced(push_module, "_rise", _rise_from_below_zero),
        seeds=(2, 1),
    ),
    Mutant(
        "d2-without-doubts",
        "D2 counts from high alone: an unknown fall is sent once more (story 15)",
        _replaced(push_module, "_fall", _fall_without_doubts),
        seeds=(3, 4, 0),
    ),
    Mutant(
        "o5-not-done",
        "O5: an unknown outcome is taken for not done and sent again (story 3)",
        _replaced(outcome_module, "_unknown", _unknown_is_not_done),
        seeds=(8, 3),
    ),
    Mutant(
        "o5-done",
        "O5: an unknown outcome is taken for done (story 4)",
        _replaced(outcome_module, "_unknown", _unknown_is_done),
        seeds=(8, 11),
    ),
    Mutant(
        "c3-skipped",
        "C3: a new epoch and a passed limit give no call up, so that a slot is taken for ever",
        _replaced(pulls_module, "lose", lambda *_: None),
        seeds=(8, 5),
    ),
    Mutant(
        "e3-ignored",
        "E3: windows of writes are ignored (stories 2 and 11)",
        _replaced(own_effect_module, "is_inside", lambda *_: False),
        seeds=(4, 5),
    ),
    Mutant(
        "e5-kept",
        "E5: a reading that an order fell into stands (story 7)",
        _replaced(own_effect_module, "_reading_dropped", _reading_survives),
        seeds=(0, 1),
    ),
    Mutant(
        "s2-without-recheck",
        "T1 (ii): complete without the re-read of changeable orders (story 27)",
        _replaced(account_module.Account, "complete", property(_complete_without_recheck)),
        seeds=(3, 6),
    ),
    Mutant(
        "t1-without-lag",
        "T1 (i): complete up to the poll's beginning, as if orders were readable at once (story 5)",
        _replaced(account_module.Account, "complete", property(_complete_without_lag)),
        seeds=(37, 66),
    ),
    Mutant(
        "s1-too-early",
        "S1: a reading begins while a write may still land (story 6)",
        _replaced(push_module, "reading_not_before", lambda *_: None),
        seeds=(4, 2),
    ),
    Mutant(
        "counted-twice",
        "invariant 2: every snapshot counts as if it were the first",
        _counts_every_look,
        seeds=(0, 1, 3),
    ),
    Mutant(
        "parked-forgotten",
        "S2: a young parked order does not hold up a comparison (story 36)",
        _replaced(settle_module, "_is_settled", _settled_beside_parked),
        seeds=(1, 17, 21),
    ),
    Mutant(
        "guard-on-stale",
        "a guarded write trusts a stale read: au PAY reads = stale is not heeded (story 21)",
        _guard_on_stale_reads,
        seeds=(1, 6),
        fleet=True,
    ),
    Mutant(
        "accepted-is-live",
        "O3, S1: an accepted write counts as live at once (story 22)",
        _replaced(account_module, "rules_of", _live_when_accepted),
        seeds=(4, 1, 0),
        fleet=True,
    ),
    Mutant(
        "stale-is-live",
        "S1: a stale read counts as one of now (story 34)",
        _replaced(account_module, "rules_of", _reads_are_live),
        seeds=(2, 1),
        fleet=True,
    ),
    Mutant(
        "reread-without-margin",
        "T2: a re-read of what changed begins at the last one, without any margin",
        _replaced(mall_module.Mall, "_poll", _reread_without_margin),
        seeds=(6, 19, 5),
        fleet=True,
    ),
    Mutant(
        "parked-not-reread",
        "a parked order is not read again where a re-read lists only what changed",
        _replaced(intake_module, "_reread_parked", _parked_left_alone),
        seeds=(17, 18, 34),
        fleet=True,
        takes_long=True,
    ),
    Mutant(
        "never-once-more",
        "O3: no write once more after an order was overwritten or a value overtaken (story 31)",
        _replaced(outcome_module, "anchored_done", _never_once_more),
        seeds=(4, 5),
        fleet=True,
    ),
)


def main(names: list[str]) -> None:
    for mutant in MUTANTS:
        if names and mutant.name not in names:
            continue
        found = []
        for seed in SEARCHED:
            ran = first_failure(mutant, [seed])
            if ran is not None:
                found.append(seed)
                print(f"{mutant.name} {seed} {ran.virtual_s:.0f} s: {str(ran.error)[:110]}")  # noqa: T201
            if len(found) == 3:
                break
        print(f"{mutant.name}: {found}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
