"""Orders that could not be read for a while: what is known of them stays what it was (T2, S2)."""

from actors.store.push_rows import PushRecord
from engine.messages import OrdersRead
from engine.snapshot import OrderLine, OrderSnapshot, UnreadableOrder
from tests.unit.actors.desk.desk_house import DeskHouse, open_house


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
