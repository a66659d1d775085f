"""What imports register: the mall's news wins, an operator's edit and what is not told stay."""

import pytest
from msgspec import structs

from engine.catalogue import Axis, CatalogueRow, ListingRef, SideSettings
from engine.registration import (
    Registered,
    changes,
    registered_again,
    registered_first,
    registered_from_file,
)


def told(**settings: object) -> CatalogueRow:
    return CatalogueRow(
        ListingRef("a", "", "native"), "name", "a", "490", "image", (Axis("色", "赤"),),
        SideSettings(**settings),  # type: ignore[arg-type]
    )  # fmt: skip


def known(mine: SideSettings, mall: SideSettings) -> Registered:
    return Registered(structs.replace(told(), settings=mine), mall)


def test_a_given_lead_time_fills_in_only_what_is_not_told() -> None:
    assert registered_first(told(), 3).row.settings.lead_time_days == 3
    assert registered_first(told(lead_time_days=1), 3).row.settings.lead_time_days == 1
    assert registered_first(told(), 3).mall_settings.lead_time_days is None


@pytest.mark.parametrize(
    ("mine", "before", "now", "registered"),
    [
        (3, 3, 5, 5),  # M6: changed at the mall
        (3, 3, None, None),  # and taken away there
        (2, 3, 3, 2),  # M9: the edit stays, for the mall changed nothing
        (2, 3, 4, 4),  # both changed: the mall's news
        (3, None, 5, 3),  # M8: the form's stays when the mall's is first heard of
        (None, None, 5, 5),
    ],
)
def test_what_the_mall_changed_is_registered_and_an_edit_stays(
    mine: int | None, before: int | None, now: int | None, registered: int | None
) -> None:
    one = known(SideSettings(lead_time_days=mine), SideSettings(lead_time_days=before))
    after = registered_again(one, told(lead_time_days=now))
    assert after.row.settings.lead_time_days == registered
    assert after.mall_settings.lead_time_days == now


def test_an_over_purchase_setting_that_was_not_told_is_not_changed() -> None:
    one = known(SideSettings(overdraft=True), SideSettings(overdraft=True))
    after = registered_again(one, told())
    assert (after.row.settings.overdraft, after.mall_settings.overdraft) == (True, True)


def test_an_import_brings_a_listing_back_and_a_file_does_not() -> None:
    gone = structs.replace(registered_first(told()), is_gone=True)
    assert registered_again(gone, told()).is_gone is False
    assert registered_from_file(gone, told(), tells_tracked=False).is_gone is True


def test_what_a_file_leaves_empty_stays() -> None:
    one = known(SideSettings(True, 3, "2027-01-01"), SideSettings(True, 3, "2027-01-01"))
    row = CatalogueRow(ListingRef("a", ""), "", "", tracked=False)
    assert registered_from_file(one, row, tells_tracked=False) == one
    after = registered_from_file(one, row, tells_tracked=True)
    assert [change.field for change in changes(one, after)] == ["tracked"]


def test_changes_tell_old_and_new_and_leave_the_malls_own_handle_out() -> None:
    one = registered_first(told(overdraft=False))
    row = structs.replace(told(overdraft=True), name="new", ref=ListingRef("a", "", "other"))
    after = registered_again(one, row)
    assert [(change.field, change.old, change.new) for change in changes(one, after)] == [
        ("name", "name", "new"),
        ("overdraft", "off", "on"),
    ]
    assert after.row.ref.native == "other"
