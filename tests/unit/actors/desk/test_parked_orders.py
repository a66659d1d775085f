"""Orders that could not be read for a while: what is known of them stays what it was (T2, S2)."""

from actors.desk.intake import REREAD_ORDERS_MAX
from actors.store.push_rows import PushRecord
from engine.messages import OrdersListed, OrdersRead, PollEnded
from engine.snapshot import OrderLine, OrderSnapshot, UnreadableOrder
from tests.unit.actors.desk.desk_house import DeskHouse, desk_house, open_house


def snapshot(house: DeskHouse, stamp: float, *, cancelled: bool) -> OrderSnapshot:
    line = OrderLine("1", "tee", "", 0 if cancelled else 1, original=1, restocks=True)
    return OrderSnapshot(
        order="o-1",
        stamp=stamp,
        mark="cancelled" if cancelled else "new",
        status="",
        cancelled=cancelled,
        edited=False,
        cut_only=True,
        counts=True,
        read_from=house.now,
        read_until=house.now + 1,
        lines=(line,),
    )


def read(
    house: DeskHouse, *orders: OrderSnapshot, parked: tuple[UnreadableOrder, ...] = ()
) -> None:
    house.ask("rakuten-one", OrdersRead(next(house.ids), 1, orders, parked))


def record(house: DeskHouse) -> PushRecord:
    with house.store.engine.begin() as connection:
        return house.store.pushes.by_id(connection, [1])[1]


def test_a_re_read_that_could_not_read_an_order_does_not_date_its_cancel() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("tee", ""))
        house.settle("rakuten", tee=5)
        stamp = house.now
        house.now += 10
        read(house, snapshot(house, stamp, cancelled=False))
        # It is cancelled and restocked at once, but the re-reads can make nothing of it.
        for _ in range(12):
            house.now += 100
            read(house, parked=(UnreadableOrder("o-1", stamp, "poison"),))
            house.poll("rakuten")
        house.settle("rakuten", tee=5)
        settled = record(house).state
        house.now += 100
        read(house, snapshot(house, stamp, cancelled=True))
        state = record(house).state
        assert (settled.low, settled.high) == (5, 5)
        # The cancel lies before the comparison or after it: expected may have it already.
        assert (state.low, state.high) == (5, 6)


def park_on_amazon(house: DeskHouse, count: int) -> None:
    house.hello("amazon")
    house.poll("amazon")
    poison = tuple(UnreadableOrder(f"o-{n:03}", house.now, "poison") for n in range(count))
    house.ask("amazon-one", OrdersRead(next(house.ids), 1, (), poison))


def wanted(house: DeskHouse) -> tuple[str, ...]:
    """What a poll that lists nothing is asked to read."""
    reply = house.ask("amazon-one", OrdersListed(next(house.ids), 1, (), None))
    found: tuple[str, ...] = reply.orders
    return found


def test_a_parked_order_is_read_again_where_a_re_read_lists_only_what_changed() -> None:
    with desk_house("amazon") as house:
        park_on_amazon(house, 1)
        before = wanted(house)
        house.poll("amazon")
        first, second = wanted(house), wanted(house)
        house.poll("amazon")
        again = wanted(house)
        assert (before, first, second, again) == ((), ("o-000",), (), ("o-000",))


def test_a_poll_of_new_orders_alone_brings_no_parked_order_back() -> None:
    with desk_house("amazon") as house:
        park_on_amazon(house, 1)
        letter = PollEnded(
            next(house.ids), 1, house.now, house.now, 0.0, is_recheck=False, is_complete=True
        )
        house.ask("amazon-one", letter)
        assert wanted(house) == ()


def test_more_parked_orders_than_fit_take_turns() -> None:
    with desk_house("amazon") as house:
        park_on_amazon(house, REREAD_ORDERS_MAX + 50)
        turns: list[tuple[str, ...]] = []
        for _ in range(2):
            house.poll("amazon")
            turns.append(wanted(house))
        assert [len(each) for each in turns] == [REREAD_ORDERS_MAX, REREAD_ORDERS_MAX]
        assert len({*turns[0], *turns[1]}) == REREAD_ORDERS_MAX + 50


def test_a_mall_whose_re_read_lists_every_order_is_not_asked_for_more() -> None:
    with open_house("rakuten") as house:
        read(house, parked=(UnreadableOrder("o-1", house.now, "poison"),))
        house.poll("rakuten")
        reply = house.ask("rakuten-one", OrdersListed(next(house.ids), 1, (), None))
        assert reply.orders == ()
