"""A link that ends and begins again: what may still happen at the mall is not forgotten."""

from engine.messages import NoWork, OutcomeRow, Outcomes, PushWork, ReadWork
from engine.push_state import PushDone
from engine.questions import AdjustStock, LinkAdd, LinkRemove
from tests.unit.actors.desk.desk_house import DeskHouse, open_house


def pushed(house: DeskHouse) -> PushWork:
    """A listing that shows 5 and is given a push of +1."""
    house.import_rows("rakuten", ("tee", ""))
    house.settle("rakuten", tee=5)
    house.settle("rakuten", tee=5)
    house.body(AdjustStock(next(house.ids), "tee", 1, "found", "me", "key"))
    work = house.pull("rakuten", push=True)
    assert isinstance(work, PushWork)
    return work


def relink(house: DeskHouse) -> None:
    house.body(LinkRemove(next(house.ids), "tee", "rakuten", "tee", "", "me"))
    house.body(LinkAdd(next(house.ids), "tee", "rakuten", "tee", "", "me"))


def test_a_new_link_is_not_compared_while_a_push_of_the_old_one_is_under_way() -> None:
    with open_house("rakuten") as house:
        work = pushed(house)
        relink(house)
        early = house.pull("rakuten", reading=True)
        done = PushDone(work.rows[0].call_id, house.now, house.now)
        house.ask("rakuten-one", Outcomes(next(house.ids), 1, (OutcomeRow(1, done),)))
        after = house.pull("rakuten", reading=True)
        assert isinstance(early, NoWork)
        assert isinstance(after, ReadWork)


def test_a_new_link_is_not_compared_while_a_lost_push_of_the_old_one_may_land() -> None:
    with open_house("rakuten") as house:
        work = pushed(house)
        relink(house)
        house.now = work.send_by + 11
        house.desk.tick(house.now)
        house.poll("rakuten")
        early = house.pull("rakuten", reading=True)
        house.now = work.send_by + 71
        late = house.pull("rakuten", reading=True)
        assert isinstance(early, NoWork)
        assert isinstance(late, ReadWork)


def test_a_listing_without_anything_under_way_is_forgotten_with_its_link() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("tee", ""))
        house.settle("rakuten", tee=5)
        house.body(LinkRemove(next(house.ids), "tee", "rakuten", "tee", "", "me"))
        with house.store.engine.begin() as connection:
            assert house.store.pushes.by_id(connection, [1]) == {}
