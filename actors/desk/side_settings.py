"""Registered side settings: what goes out with a push, beside what the mall last had (M5, M9).

Editing one calls no mall and sets no push going: the next push takes it along, where
`settings_on_push` says so.
"""

import datetime as dt

from msgspec import structs

from actors.desk.account import Account
from actors.desk.turn import Turn
from actors.store import Connection
from actors.store.listing_rows import ref_of
from actors.store.registered_rows import KnownListing
from actors.store.store import Store
from engine.push_state import PushCall
from engine.questions import SetSettings, SettingsView, SettingView

LABELS = {
    "overdraft": ("超過購入設定", "The over-purchase setting"),
    "lead_time_days": ("リードタイム", "The lead time"),
    "restock_date": ("入荷予定日", "The restock date"),
}


def settings_view(
    store: Store, connection: Connection, account: Account, listing: KnownListing
) -> SettingsView:
    """The settings of one listing as operators see them."""
    registered = listing.registered
    mine, mall = registered.row.settings, registered.mall_settings
    quantity, moment = store.registered.shown(connection, [listing.id]).get(
        listing.id, (None, None)
    )
    return SettingsView(
        mall=account.name,
        code=registered.row.ref.code,
        sub_code=registered.row.ref.sub_code,
        name=registered.row.name,
        settings=tuple(
            SettingView(field=field, registered=getattr(mine, field), mall=getattr(mall, field))
            for field in account.card.side_settings
        ),
        is_pushed=account.settings.settings_on_push == "registered",
        file_quantity=quantity,
        file_at=moment,
    )


def find_listing(
    store: Store, connection: Connection, account: Account, code: str, sub_code: str
) -> KnownListing | None:
    """The listing of a mall by its codes."""
    ref = ref_of(code, sub_code)
    return store.registered.by_ref(connection, account.id, [ref]).get(ref)


def bad_setting(account: Account, letter: SetSettings) -> tuple[str, str] | None:
    """Why these settings cannot be registered for the mall; None where they can."""
    card = account.card
    for field in letter.fields:
        label, label_en = LABELS.get(field, (field, field))
        if field not in card.side_settings:
            return (
                f"{label}は {account.name}({card.title})にはありません。",
                f"{label_en} is not a setting of {account.name} ({card.kind}).",
            )
    days, most = letter.settings.lead_time_days, card.lead_time_days_max
    if days is not None and most is not None and not 0 <= days <= most:
        return (
            f"リードタイムは 0〜{most} 日で指定してください。",
            f"The lead time must be 0 to {most} days.",
        )
    restock = letter.settings.restock_date
    if restock is not None and not _is_day(restock):
        return (
            "入荷予定日は YYYY-MM-DD で指定してください。",
            "The restock date must be a day, YYYY-MM-DD.",
        )
    return None


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def set_settings(
    turn: Turn, account: Account, listing: KnownListing, letter: SetSettings, sender: bytes
) -> None:
    """Registers the settings; nothing is asked of the mall."""
    record = turn.store.pushes.by_id(turn.connection, [listing.id]).get(listing.id)
    if record is not None and isinstance(record.state.call, PushCall):
        # The push under way carries the old settings, and its end says what the mall has.
        sentences = (
            "この商品はいま反映中です。少し待ってからもう一度お試しください。",
            "The listing is being pushed just now; try again in a moment.",
        )
        turn.deny(sender, letter.id, 3, sentences)
        return
    wanted = {field: getattr(letter.settings, field) for field in letter.fields}
    settings = structs.replace(listing.registered.row.settings, **wanted)
    turn.store.registered.set_settings(turn.connection, listing.id, settings)
    again = find_listing(turn.store, turn.connection, account, letter.code, letter.sub_code)
    if again is None:
        raise AssertionError("a listing just written is not there")
    view = settings_view(turn.store, turn.connection, account, again)
    turn.answer(sender, letter.id, view)
