"""A mall runs once: who gets its lease, and what becomes of letters without one."""

from actors.keys import StoredKey
from config.settings import MallSettings
from engine.lane import LaneState
from engine.messages import Goodbye, Heartbeat, LaneOrder, Lease, OrdersListed, Refused
from engine.questions import KeyChanged
from malls.registry import card_of
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


def test_a_lost_letter_with_new_credentials_is_made_good_by_the_next_heartbeat() -> None:
    with open_house("rakuten") as house:
        house.keys.stored["rakuten"] = StoredKey(
            version=2, changed_at=0.0, credentials={"license_key": "new"}
        )
        house.body(KeyChanged(next(house.ids), "rakuten"))  # Its letter to the lane is lost.
        beat = Heartbeat(next(house.ids), 1, LaneState.RUNNING, 0.0, credentials_version=1)
        order = house.ask("rakuten-one", beat)
        assert order.credentials == {"license_key": "new"}
        assert order.credentials_version == 2


def test_a_new_actor_that_has_not_heard_from_its_mall_keeps_the_clock_that_was_known() -> None:
    with open_house("rakuten") as house:
        (account,) = house.desk.accounts.values()
        house.ask("rakuten-one", Heartbeat(next(house.ids), 1, LaneState.RUNNING, 30.0))
        house.hello("rakuten", instance="two")
        beat = Heartbeat(next(house.ids), 2, LaneState.STARTING, 0.0)
        house.ask("rakuten-two", beat)
        assert account.row.offset_s == 30.0


def test_the_clock_told_with_a_list_of_orders_judges_them() -> None:
    with open_house("rakuten") as house:
        house.ask("rakuten-one", OrdersListed(next(house.ids), 1, (), clock_offset_s=30.0))
        (account,) = house.desk.accounts.values()
        assert account.to_mall(house.now) == house.now + 30.0


def test_a_mall_that_a_reload_adds_is_known_and_one_it_removes_is_not() -> None:
    with open_house("rakuten") as house:
        before = house.hello("yahoo")
        yahoo = MallSettings(name="yahoo", kind="yahoo")
        house.keys.stored["yahoo"] = StoredKey(version=1, changed_at=0.0, credentials={})
        house.desk.reload([(mall, card_of(mall.kind, {})) for mall in (*house.settings, yahoo)])
        added = house.hello("yahoo")
        kept = house.ask("rakuten-one", Heartbeat(next(house.ids), 1, LaneState.RUNNING, 0.0))
        house.desk.reload([(mall, card_of(mall.kind, {})) for mall in house.settings])
        removed = house.hello("yahoo", instance="two")
        assert isinstance(before, Refused)
        assert isinstance(added, Lease)
        assert isinstance(kept, LaneOrder)
        assert isinstance(removed, Refused)
        assert removed.reason == "unknown_mall"
