"""Faults of level 8 and 9: the closed lists, the error every connector raises, and what to do.

A connector maps each native code to a `FaultSpec` in one table of its own (data); `classify`
reads that table. An unknown code is level 8, marked unclassified, and loud.
"""

import enum
from collections.abc import Mapping

from msgspec import Struct


class Level(enum.IntEnum):
    """How bad a fault is."""

    TRANSIENT = 8
    """Heals by itself on the next success of the same subject."""
    CREDENTIALS = 9
    """Halts that mall until an operator renews the key and clears the error."""


class FaultKind(enum.StrEnum):
    """What went wrong, closed list."""

    CREDENTIALS = "credentials"
    NO_CREDENTIALS = "no_credentials"
    MAINTENANCE = "maintenance"
    RATE_LIMIT = "rate_limit"
    SERVER = "server"
    TIMEOUT = "timeout"
    NETWORK = "network"
    UNREADABLE = "unreadable"
    BAD_ITEM = "bad_item"
    GONE = "gone"
    REQUEST = "request"
    """Our own request was wrong: a bug, loud."""
    CONFIGURATION = "configuration"
    PROBE = "probe"
    """What a written quantity does at the mall could not be found out, or the item that was tried
    was not put back."""
    LINK_CONFLICT = "link_conflict"
    OVERSOLD = "oversold"
    DIFFERENCE = "difference"
    PARKED_ORDER = "parked_order"
    ADOPTED_LATE = "adopted_late"
    """An order came after its units had been adopted as a difference."""
    BREAKER = "breaker"
    """A bulk change waits for an operator's approval."""
    RESTARTS = "restarts"
    KEY_EXPIRY = "key_expiry"
    UNCLASSIFIED = "unclassified"


class Family(enum.StrEnum):
    """A family of calls that fails and heals together."""

    ORDERS = "orders"
    STOCK = "stock"
    ITEMS = "items"
    LICENCE = "licence"
    AUTH = "auth"


class Done(enum.StrEnum):
    """What is known of a call that failed."""

    NOT_DONE = "not_done"
    """The mall certainly did not take the request."""
    UNKNOWN = "unknown"
    """It may have been done, or may still be."""


class FaultSpec(Struct, frozen=True, kw_only=True):
    """One row of a mall's error table."""

    level: Level
    kind: FaultKind
    message: str
    """Japanese, one sentence."""
    hint: str
    """Japanese: what the operator can do."""
    message_en: str
    hint_en: str
    done: Done = Done.UNKNOWN
    """For a write that ended so."""
    is_row: bool = False
    """The fault is of the one row the reply names, not of the mall."""


class MallError(Exception):
    """A mall's call failed: the fault that says so and whether the call may have been done.

    Raised by connectors and the transport, caught at the one place of the lane that decides.
    """

    def __init__(
        self,
        spec: FaultSpec,
        *,
        family: Family,
        code: str,
        subject: str = "",
        retry_after_s: float | None = None,
        done: Done | None = None,
    ) -> None:
        super().__init__(f"{family.value} {code}: {spec.message_en}")
        self.spec = spec
        self.family = family
        self.code = code
        """The mall's own code, or `http-503` style where it gave none."""
        self.subject = subject
        """A listing as `code/sub_code`, "" for the mall."""
        self.retry_after_s = retry_after_s
        self.done = spec.done if done is None else done


UNCLASSIFIED = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.UNCLASSIFIED,
    message="モールから未知のエラーが返りました。",
    hint="しばらく待っても消えないときは、コードを控えて開発元へ知らせてください。",
    message_en="The mall answered with an error zaiko does not know.",
    hint_en="If it stays, report the code to the makers so that it can be classified.",
)

ErrorTable = Mapping[tuple[Family | None, str], FaultSpec]
"""(family or None for every family, code) -> what it means."""


def classify(table: ErrorTable, family: Family, code: str) -> FaultSpec:
    """The spec of a native code: the family's own row first, then every family's, else unknown."""
    return table.get((family, code)) or table.get((None, code)) or UNCLASSIFIED


# --- faults that zaiko itself opens -----------------------------------------------------------

NO_CREDENTIALS = FaultSpec(
    level=Level.CREDENTIALS,
    kind=FaultKind.NO_CREDENTIALS,
    message="このモールのAPIキーが登録されていないため、連携を停止しています。",
    hint="zaiko key set でキーを登録し、このエラーを削除してください。",
    message_en="No key is stored for this mall, so it is halted.",
    hint_en="Store one with `zaiko key set`, then clear this error.",
    done=Done.NOT_DONE,
)

LINK_CONFLICT = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.LINK_CONFLICT,
    message="複数の商品が紐づいています。この出品は連携されません。",
    hint="zaiko link conflicts で確認し、紐づけを1つだけ残して解除してください。",
    message_en="Several SKUs claim this listing, so it does not sync.",
    hint_en="See `zaiko link conflicts` and release all links but one.",
)

RESTARTS_GIVEN_UP = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.RESTARTS,
    message="このモールの処理が繰り返し異常終了したため、再起動を中止しました。",
    hint="ログで原因を確認し、zaiko を再起動してください。",
    message_en="This mall's actor crashed too often, so it is not started again.",
    hint_en="Look for the cause in the log, then restart zaiko.",
)

NOTIFIER_GIVEN_UP = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.RESTARTS,
    message="通知の処理が繰り返し異常終了したため、通知を中止しました。在庫連携は続いています。",
    hint="ログで原因を確認し、zaiko を再起動してから、このエラーを削除してください。",
    message_en="The notifier crashed too often, so nothing is notified. Stock sync goes on.",
    hint_en="Look for the cause in the log, restart zaiko, then clear this error.",
)

BAD_ITEM = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.BAD_ITEM,
    message="モールがこの商品の在庫更新を受け付けません。",
    hint="モールの管理画面で商品を確認してください。直れば自動で再開します。",
    message_en="The mall refuses to take this listing's quantity.",
    hint_en="Look at the listing at the mall; once it is right, zaiko goes on by itself.",
    is_row=True,
)

FEED_LATE = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.TIMEOUT,
    message="一括反映(フィード)の結果がモールから返りません。該当商品は1件ずつ反映し直します。",
    hint="自動で回復します。続くときはモールの稼働状況を確認してください。",
    message_en="The mall did not end a feed in time; its listings are pushed again one by one.",
    hint_en="It heals by itself; if it stays, look at the mall's own status.",
)

GONE_LISTING = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.GONE,
    message="モールにこの商品がありません。数量は 0 として扱いません。",
    hint="商品コードを確認し、取り込み直すか、紐づけを解除してください。",
    message_en="The mall does not have this listing; that is not taken for 0.",
    hint_en="Look at its code, then import the mall again or remove the link.",
    is_row=True,
)

UNLIMITED_LISTING = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.REQUEST,
    message="モール側で在庫数が無制限に設定されているため、数量を反映できません。",
    hint="モールで在庫数を管理する設定に変えるか、この商品の紐づけを解除してください。",
    message_en="The mall keeps no quantity for this listing (unlimited), so none can be pushed.",
    hint_en="Let the mall keep its quantity, or remove the link of this listing.",
    is_row=True,
)

PARKED_ORDER = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.PARKED_ORDER,
    message="読み取れない受注があります。この受注の数量は在庫に反映されていません。",
    hint="モールの管理画面で受注を確認してください。不要であれば、このエラーを削除すると対象から外れます。",
    message_en="An order cannot be read; its units are not counted.",
    hint_en="Look at the order at the mall; clearing this error drops it.",
)


def oversold_spec(total: int) -> FaultSpec:
    """売り越し: a total is below zero."""
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.OVERSOLD,
        message=f"売り越しが発生しています。総在庫数は {total} です。",
        hint="入荷を登録するか在庫数を修正し、出荷できない受注がないか確認してください。",
        message_en=f"Oversold: the total is {total}.",
        hint_en="Book a receipt or correct the stock, and look for orders that cannot be shipped.",
    )


def difference_spec(held: int) -> FaultSpec:
    """差異: a difference that survived settling is left alone under "report"."""
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.DIFFERENCE,
        message=f"差異があります。モールの在庫数が予定より {held:+d} です。",
        hint="モールで数量を変更した場合はそのままで構いません。揃えるには反映してください。",
        message_en=f"The mall shows {held:+d} against what is expected.",
        hint_en="Leave it if the quantity was changed on purpose; reflect to make them equal.",
    )


def adopted_late_spec(seq: int, units: int) -> FaultSpec:
    """取り込みの重複: a late order's units may have been adopted before it was seen."""
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.ADOPTED_LATE,
        message=f"取り込んだ差異の後に、それ以前の受注 {abs(units)} 点が届きました。"
        "二重に数えている可能性があります。",
        hint=f"現物を確かめ、二重であれば zaiko stock undo {seq} で取り込みを取り消してください。",
        message_en=f"An order of {abs(units)} from before an adopted difference came after it: "
        "its units may be counted twice.",
        hint_en=f"Count the goods; if they are, take it back with: zaiko stock undo {seq}",
        is_row=True,
    )


def breaker_spec(mall: str, listings: int, to_zero: int) -> FaultSpec:
    """大量変更の停止: a bulk change would alter too much, and waits."""
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.BREAKER,
        message=f"一括変更を止めています（{listings} 件、うち在庫0 {to_zero} 件）。",
        hint=f"zaiko approve {mall} で内容を確認し、正しければ --yes を付けて反映してください。"
        "誤りなら在庫や紐づけを元に直すと、待ちがなくなって自動で終わります。",
        message_en=f"A bulk change waits: {listings} listings, {to_zero} of them to zero.",
        hint_en=f"Look at `zaiko approve {mall}`; if it is right, add --yes. If not, put stock or "
        "links right: what is not due any more does not wait, and the error ends by itself.",
        done=Done.NOT_DONE,
    )


def unrestored_spec(item: str) -> FaultSpec:
    """A probe was broken off, or could not undo what it wrote."""
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.PROBE,
        message=f"在庫の更新方法の確認で、商品 {item} の在庫数が元に戻っていない可能性があります。",
        hint="モールの管理画面で在庫数を確かめて直し、このエラーを削除してください。",
        message_en=f"The probe may have left another quantity at item {item} than it found.",
        hint_en="Look at its quantity at the mall, correct it, and clear this error.",
    )


def key_expiry_spec(days: int) -> FaultSpec:
    """A key with a known life ends soon."""
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.KEY_EXPIRY,
        message=f"APIキーの有効期限まであと {days} 日です。",
        hint="期限が切れる前に zaiko key renew で更新方法を確認してください。",
        message_en=f"The key expires in {days} day(s).",
        hint_en="See `zaiko key renew` for how to renew it before it ends.",
    )
