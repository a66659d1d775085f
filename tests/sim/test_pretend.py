"""The pretend malls, on which every verdict of the simulation rests, behave as they say."""

import random

from msgspec.structs import replace

from engine.connector import WriteKind
from tests.sim.clock import Clock
from tests.sim.pretend_mall import PretendMall, Row
from tests.sim.scenario import MallPlan, draw


def plan(write_kind: WriteKind, **habits: object) -> MallPlan:
    found = draw(0).malls[0]
    settings = replace(found.settings, lag_s=0.0)
    card = replace(found.card, write_kind=write_kind)
    habits = {"bulk": "rows", "restocks": "yes", "stale_s": 0.0, "live_s": 0.0, **habits}
    return replace(found, settings=settings, card=card, **habits)


def mall(of: MallPlan, **shelves: int) -> PretendMall:
    found = PretendMall(of, Clock(), random.Random(1))
    for code, quantity in shelves.items():
        found.add_shelf(code, code, quantity)
    return found


def test_a_fall_below_zero_is_refused_clamped_or_shown() -> None:
    shown = {}
    for below_zero in ("refuses", "clamps", "negative"):
        one = mall(plan(WriteKind.RELATIVE, below_zero=below_zero), tee=1)
        said, _ = one.write([Row(1, "tee", -2, None)])
        shown[below_zero] = (said[0].verdict, one.shelves["tee"].q, one.executed.get(1))
    assert shown == {
        "refuses": ("refused", 1, None),
        "clamps": ("done", 0, -1),
        "negative": ("done", -1, -2),
    }


def test_an_order_between_guard_and_write_is_erased_and_an_earlier_one_is_not() -> None:
    one = mall(plan(WriteKind.GUARDED), tee=5)
    one.buy([("tee", 1)])
    one.clock.now += 1
    guarded_at = one.clock.now
    one.clock.now += 1
    one.buy([("tee", 2)])
    one.write([Row(1, "tee", -1, 3, guarded_at)])
    shelf = one.shelves["tee"]
    assert shelf.q == 3
    assert [change.in_q for change in shelf.changes] == [True, False]
    assert shelf.unseen == -1


def test_an_anchored_write_shows_when_it_is_live_and_erases_what_came_before() -> None:
    of = plan(WriteKind.ANCHORED)
    one = mall(replace(of, live_s=8.0), tee=5)
    one.buy([("tee", 1)])
    one.write([Row(1, "tee", 0, 9)])
    shelf = one.shelves["tee"]
    assert (shelf.q, shelf.landing) == (4, 1)
    assert one.clock.step()
    assert (shelf.q, shelf.landing, shelf.unseen) == (9, 0, 0)


def test_a_stale_read_shows_a_moment_of_the_past() -> None:
    of = plan(WriteKind.ANCHORED)
    one = mall(replace(of, stale_s=10.0), tee=5)
    one.clock.now += 100
    one.buy([("tee", 1)])
    reads = [one.read("tee") for _ in range(20)]
    assert {shown[1] for shown in reads if shown} == {5}
    one.clock.now += 10
    read = one.read("tee")
    assert read is not None
    assert read[1] == 4


def test_a_batch_with_a_bad_row_fails_whole_where_the_mall_has_no_answers_by_row() -> None:
    of = replace(plan(WriteKind.RELATIVE), bulk="named", is_atomic=False)
    one = mall(of, tee=5, mug=5, cap=5)
    one.shelves["mug"].is_bad = True
    rows = [Row(number, code, 1, None) for number, code in enumerate(("tee", "mug", "cap"))]
    said, how = one.write(rows)
    assert how == "named"
    assert [each.verdict for each in said] == ["unknown", "bad", "unknown"]
    assert [one.shelves[code].q for code in ("tee", "mug", "cap")] == [6, 5, 5]


def test_an_order_has_versions_and_each_is_readable_after_its_lag() -> None:
    of = plan(WriteKind.RELATIVE)
    one = mall(replace(of, settings=replace(of.settings, lag_s=10.0)), tee=5)
    order = one.buy([("tee", 2)])
    assert order is not None
    one.edit(order, {"1": ("tee", 1)})
    one.cancel(order)
    assert one.shelves["tee"].q == 5
    one.clock.now += 10
    version = order.readable(one.clock.now)
    assert version is not None
    assert (version.number, version.cancelled) == (2, True)
    assert [each.counting("1") for each in order.versions] == [2, 1, 0]


def test_a_split_moves_units_between_orders_and_no_quantity() -> None:
    one = mall(plan(WriteKind.RELATIVE), tee=5)
    order = one.buy([("tee", 3)])
    assert order is not None
    child = one.split(order, "1", 2)
    assert one.shelves["tee"].q == 2
    assert (order.latest.counting("1"), child.latest.counting("1")) == (1, 2)
    assert (child.parent, child.latest.readable_at) == (order.number, order.latest.readable_at)


def test_a_write_past_its_bound_is_a_hand_that_nobody_expects() -> None:
    shown = {}
    for kind, value in ((WriteKind.RELATIVE, None), (WriteKind.GUARDED, 4)):
        one = mall(plan(kind, below_zero="refuses"), tee=5)
        one.buy([("tee", 2)])
        one.write_overdue([Row(1, "tee", -1, value, one.clock.now)])
        shelf = one.shelves["tee"]
        # The guarded one also erased the order, which came after its guard had looked.
        shown[kind] = (shelf.q, shelf.unseen, [by for _, by in shelf.edits], one.executed)
    assert shown == {
        WriteKind.RELATIVE: (2, -2, [-1], {}),
        WriteKind.GUARDED: (4, 0, [-1], {}),
    }


def test_a_list_by_change_shows_an_old_order_that_changed_and_no_other() -> None:
    one = mall(plan(WriteKind.ANCHORED), tee=5)
    changed, _ = one.buy([("tee", 1)]), one.buy([("tee", 1)])
    assert changed is not None
    one.clock.now += 1_000
    since = one.time - 10
    one.cancel(changed)
    one.clock.now += 60
    assert one.list_orders(since, one.time) == []
    found = one.list_orders(since, one.time, by_change=True)
    assert [order.number for order, _ in found] == [changed.number]


def test_a_new_key_is_refused_for_a_while() -> None:
    one = mall(plan(WriteKind.RELATIVE), tee=5)
    one.key_works_at = one.clock.now + 30
    before = one.trouble(one.key, is_write=False)
    one.clock.now += 30
    assert (before, one.trouble(one.key, is_write=False)) == ("401", "")
