"""A mall runs once: who gets its lease, and what becomes of letters without one."""

from engine.lane import LaneState
from engine.messages import Goodbye, Heartbeat, LaneOrder, Lease, Refused
from tests.unit.actors.desk.desk_house import desk_house, open_house


def test_the_supervisors_child_takes_the_lease_at_once_and_the_epoch_rises() -> None:
    with desk_house("rakuten") as house:
        first = house.hello("rakuten", instance="one")
        second = house.hello("rakuten", instance="two")
        assert isinstance(first, Lease)
        assert isinstance(second, Lease)
        assert second.epoch == first.epoch + 1


def test_a_stranger_is_refused_while_the_holder_is_fresh_and_not_after() -> None:
    with desk_house("rakuten") as house:
        house.hello("rakuten", instance="one")
        refused = house.hello("rakuten", instance="stranger", token="")
        house.now += 9.9
        still = house.hello("rakuten", instance="stranger", token="")
        house.now += 0.2
        taken = house.hello("rakuten", instance="stranger", token="")
        assert isinstance(refused, Refused)
        assert refused.reason == "held"
        assert isinstance(still, Refused)
        assert isinstance(taken, Lease)


def test_a_wrong_house_token_is_a_stranger() -> None:
    with desk_house("rakuten") as house:
        house.hello("rakuten", instance="one")
        refused = house.hello("rakuten", instance="two", token="another house")
        assert isinstance(refused, Refused)


def test_the_same_instance_keeps_its_epoch_over_a_restart_of_the_inventory() -> None:
    with open_house("rakuten") as house:
        beat = Heartbeat(next(house.ids), 1, LaneState.RUNNING, 0.0)
        house.restarted()
        unknown = house.ask("rakuten-one", beat)
        again = house.hello("rakuten", instance="one")
        answered = house.ask("rakuten-one", beat)
        assert isinstance(unknown, Refused)
        assert unknown.reason == "hello"
        assert isinstance(again, Lease)
        assert again.epoch == 1
        assert isinstance(answered, LaneOrder)


def test_a_letter_of_an_older_epoch_is_refused() -> None:
    with open_house("rakuten") as house:
        refused = house.ask("rakuten-one", Heartbeat(next(house.ids), 0, LaneState.RUNNING, 0.0))
        assert isinstance(refused, Refused)
        assert refused.reason == "epoch"


def test_a_mall_without_a_key_starts_halted_with_one_fault_that_says_so() -> None:
    with desk_house("rakuten") as house:
        del house.keys.stored["rakuten"]
        lease = house.hello("rakuten", instance="one")
        house.hello("rakuten", instance="two")
        with house.store.engine.begin() as connection:
            faults = house.store.faults.open_of_subject(connection, 1, "")
        assert lease.lane is LaneState.HALTED
        assert lease.credentials is None
        assert [(fault.level, fault.code) for fault in faults] == [(9, "no-key")]


def test_a_goodbye_frees_the_lease_for_a_stranger() -> None:
    with open_house("rakuten") as house:
        house.ask("rakuten-one", Goodbye(next(house.ids), 1))
        taken = house.hello("rakuten", instance="stranger", token="")
        assert isinstance(taken, Lease)


def test_a_silent_holder_shows_as_stopped_and_comes_back_with_its_next_letter() -> None:
    with open_house("rakuten") as house:
        house.now += 60
        house.desk.tick(house.now)
        (account,) = house.desk.accounts.values()
        was_up = account.lane.is_up
        house.ask("rakuten-one", Heartbeat(next(house.ids), 1, LaneState.RUNNING, 0.0))
        assert not was_up
        assert account.lane.is_up
