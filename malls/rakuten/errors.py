"""What Rakuten's failures mean: one table of (family, code), and how a failed reply is read.

Failures come in five shapes:

    A  {"errors": [{"code", "metadata": {"propertyPath"}}]}      item, inventory, gateway today
    B  {"MessageModelList": [{"messageType": "ERROR", ...}]}     order API, also with HTTP 200
    C  {"Results": {"errorCode"}}                                older gateway
    D  <systemStatus>NG</systemStatus>                           older XML endpoints
    E  anything else: HTML, plain text, nothing

The same IE number means something else in another family, so the table is keyed by family; the
text beside a code is never looked at. Sources: `docs/malls/rakuten.md`, "Errors".
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from engine.connector import Reply
from engine.faults import (
    UNCLASSIFIED,
    Done,
    ErrorTable,
    Family,
    FaultKind,
    FaultSpec,
    Level,
    MallError,
)
from malls.rakuten.wire import FailureReply, Message, NativeError, Unreadable, decoded

_WAIT: Final = "しばらく待てば自動で再開します。続くときはRMSのお知らせを確認してください。"
_WAIT_EN: Final = "It resumes by itself. If it stays, look at the notices in RMS."
_BUG: Final = "zaikoの不具合の可能性があります。コードを控えて開発元へ知らせてください。"
_BUG_EN: Final = "This may be a fault of zaiko: report the code to its makers."
_LINK: Final = (
    "商品が楽天に残っているか、商品管理番号とSKU管理番号が正しいかを確認し、"
    "`zaiko import` で取り込み直してください。"
)
_LINK_EN: Final = "Check that the item and its SKU still exist in RMS, then import it again."
_KEY: Final = (
    "原因は次の3つのどれかです: ライセンスキーの期限切れ(90日)、RMSで機能(注文・在庫・商品・"
    "ライセンス)の利用にチェックがない、キーの入力誤り。RMSで確認してキーを登録し直し、"
    "エラー削除をしてください。再発行した直後のキーは15〜30分使えないことがあります。"
)
_KEY_EN: Final = (
    "One of three: the licence key has expired (90 days), the function is not ticked in RMS, or"
    " the keys are mistyped. Correct it in RMS, store the key again and clear the error. A key"
    " just issued may be refused for 15 to 30 minutes."
)


def _key(message: str, message_en: str) -> FaultSpec:
    return FaultSpec(
        level=Level.CREDENTIALS,
        kind=FaultKind.CREDENTIALS,
        message=message,
        hint=_KEY,
        message_en=message_en,
        hint_en=_KEY_EN,
        done=Done.NOT_DONE,
    )


def _bug(message: str, message_en: str, *, done: Done = Done.NOT_DONE) -> FaultSpec:
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.REQUEST,
        message=message,
        hint=_BUG,
        message_en=message_en,
        hint_en=_BUG_EN,
        done=done,
    )


def _passing(
    kind: FaultKind, message: str, message_en: str, *, done: Done = Done.UNKNOWN
) -> FaultSpec:
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=kind,
        message=message,
        hint=_WAIT,
        message_en=message_en,
        hint_en=_WAIT_EN,
        done=done,
    )


def _row(
    kind: FaultKind, message: str, message_en: str, *, hint: str = _LINK, hint_en: str = _LINK_EN
) -> FaultSpec:
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=kind,
        message=message,
        hint=hint,
        message_en=message_en,
        hint_en=hint_en,
        done=Done.UNKNOWN,
        is_row=True,
    )


_REFUSED_KEY = _key("楽天がキーを受け付けません。", "Rakuten refuses the key.")
_BAD_HEADER = _key(
    "楽天がキーを認識できません。", "Rakuten does not recognise the key in the request."
)
_NOT_MIGRATED = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.CONFIGURATION,
    message="この店舗はSKU移行前のため、在庫・商品のAPIを使えません。",
    hint="RMSでSKU対応への移行を済ませてください。",
    message_en="The shop is not migrated to SKU, so the inventory and item APIs refuse it.",
    hint_en="Finish the SKU migration in RMS.",
    done=Done.NOT_DONE,
)

UNREADABLE = _passing(
    FaultKind.UNREADABLE,
    "楽天の応答を読み取れませんでした。",
    "Rakuten's reply could not be read.",
)
TOO_MANY_ORDERS = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.UNREADABLE,
    message="2秒以内に1,000件を超える注文があり、一覧を取得できません。",
    hint=_BUG,
    message_en="More than 1,000 orders within two seconds: the list cannot be read in full.",
    hint_en=_BUG_EN,
)
NO_CREDENTIALS = FaultSpec(
    level=Level.CREDENTIALS,
    kind=FaultKind.NO_CREDENTIALS,
    message="楽天のキーが登録されていません。",
    hint="`zaiko key set` でサービスシークレットとライセンスキーを登録してください。",
    message_en="No key is stored for Rakuten.",
    hint_en="Store the service secret and the licence key with `zaiko key set`.",
    done=Done.NOT_DONE,
)
FORBIDDEN_HALTS = _key(
    "楽天がアクセスを拒否しました(403)。", "Rakuten forbids the access (HTTP 403)."
)
"""What a 403 is with the switch forbidden_halts on; http-403 of the table otherwise."""

_SERVER = _passing(
    FaultKind.SERVER, "楽天のサーバーでエラーが起きています。", "Rakuten's server failed."
)

ERRORS: Final[ErrorTable] = {
    # Keys. 401 in any shape is one too: see `failure`.
    (None, "GA0001"): _REFUSED_KEY,
    (None, "ES01-01"): _REFUSED_KEY,
    (None, "http-401"): _REFUSED_KEY,
    (None, "GK0001"): _BAD_HEADER,
    (None, "GK0005"): _BAD_HEADER,
    (None, "GK0006"): _BAD_HEADER,
    (None, "ES04-01"): _BAD_HEADER,
    # Passing: the request was turned away before it was taken.
    (None, "http-429"): _passing(
        FaultKind.RATE_LIMIT,
        "楽天の呼び出し制限に達しました。",
        "Rakuten's rate limit was reached.",
        done=Done.NOT_DONE,
    ),
    (None, "http-503"): _passing(
        FaultKind.MAINTENANCE,
        "楽天がメンテナンス中、または混み合っています。",
        "Rakuten is under maintenance or overloaded.",
        done=Done.NOT_DONE,
    ),
    (None, "GE0017"): _passing(
        FaultKind.MAINTENANCE,
        "楽天がメンテナンス中で、書き込みを受け付けていません。",
        "Rakuten is read-only for maintenance.",
        done=Done.NOT_DONE,
    ),
    # A conflicting update holds the rows, so ours was turned away before any effect.
    (None, "CE0001"): _passing(
        FaultKind.SERVER,
        "楽天側で同じ商品の更新が進行中です。",
        "Another update of the same rows is in progress at Rakuten.",
        done=Done.NOT_DONE,
    ),
    (None, "http-409"): _passing(
        FaultKind.SERVER,
        "楽天側で更新が競合しました。",
        "Rakuten turned the update away for a conflict.",
        done=Done.NOT_DONE,
    ),
    (None, "http-403"): FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.RATE_LIMIT,
        message="楽天がアクセスを拒否しました(403)。",
        hint="呼び出しが多すぎるか、キーの権限が足りません。続くときはRMSでキーの機能設定と"
        "接続元の制限を確認してください。",
        message_en="Rakuten forbids the access (HTTP 403).",
        hint_en="Too many calls, or the key lacks a right. If it stays, check the key's functions"
        " and any address restriction in RMS.",
        done=Done.NOT_DONE,
    ),
    # Passing: it may have been done.
    (None, "X0000"): _SERVER,
    (None, "GE0019"): _SERVER,
    (Family.ITEMS, "IE0200"): _SERVER,
    (None, "http-500"): _SERVER,
    (None, "http-502"): _SERVER,
    (None, "http-504"): _passing(
        FaultKind.TIMEOUT,
        "楽天のサーバーが時間内に応答しませんでした。",
        "Rakuten's gateway timed out.",
    ),
    (None, "NG"): _SERVER,
    # Our own request was wrong.
    (None, "ES04-03"): _bug("送信形式が受け付けられませんでした。", "Content-Type was refused."),
    (None, "GE0012"): _bug("送信形式が受け付けられませんでした。", "Content-Type was refused."),
    (None, "http-415"): _bug("送信形式が受け付けられませんでした。", "Content-Type was refused."),
    (None, "GE0007"): _bug("APIのパスがありません。", "Rakuten does not know the path."),
    (None, "http-404"): _bug("APIのパスがありません。", "Rakuten does not know the path."),
    (None, "http-405"): _bug("APIのメソッドが違います。", "Rakuten refuses the method."),
    (None, "http-414"): _bug("URLが長すぎます。", "The URL is too long."),
    (None, "GE0011"): _bug("送信内容が空です。", "The body is missing or empty."),
    (None, "IE1105"): _NOT_MIGRATED,
    (Family.ORDERS, "ORDER_EXT_API_SEARCH_ORDER_ERROR_009"): _bug(
        "受注検索の必須項目がありません。", "The order search lacks a mandatory item."
    ),
    (Family.ORDERS, "ORDER_EXT_API_SEARCH_ORDER_ERROR_011"): _bug(
        "受注検索の項目の形式が違います。", "An item of the order search has a wrong format."
    ),
    (Family.ORDERS, "ORDER_EXT_API_GET_ORDER_ERROR_009"): _bug(
        "受注取得の必須項目がありません。", "The order read lacks a mandatory item."
    ),
    (Family.STOCK, "IE1101"): _bug(
        "在庫APIの件数上限を超えました。", "Too many rows for one call.", done=Done.UNKNOWN
    ),
    (Family.STOCK, "IE1102"): _bug(
        "同じSKUが2回含まれていました。", "One SKU was sent twice.", done=Done.UNKNOWN
    ),
    (Family.STOCK, "IE0105"): _bug("在庫の範囲指定がありません。", "The range lacks its bounds."),
    (Family.STOCK, "IE0113"): _bug("在庫の範囲指定が逆です。", "The range's bounds are swapped."),
    (Family.STOCK, "IE0116"): _bug(
        "在庫の範囲に1,000件を超える該当があります。", "The range holds more than 1,000 rows."
    ),
    (Family.ITEMS, "IE0002"): _bug("商品検索の値が不正です。", "The item search has a bad value."),
    (Family.ITEMS, "IE0003"): _bug("商品検索の値が範囲外です。", "An item search value is off."),
    (Family.ITEMS, "IE1003"): _bug(
        "商品検索の位置指定が重なりました。", "offset and cursorMark were both sent."
    ),
    (Family.ITEMS, "IE1004"): _bug(
        "商品検索の並び順は指定できません。", "A sort was sent beside cursorMark."
    ),
    (Family.ITEMS, "IE1005"): _bug(
        "商品検索の指定が不正です。", "The item search has a bad parameter."
    ),
    (Family.ITEMS, "GE0014"): _bug("商品が見つかりません。", "The item is not there."),
    # Rows of a stock write or read.
    (Family.STOCK, "IE0117"): _row(
        FaultKind.BAD_ITEM,
        "更新後の在庫数が0〜99,999の範囲を外れるため、楽天が受け付けませんでした。",
        "The quantity would have left 0 to 99,999, so Rakuten refused it.",
        hint="未取得の注文がないか確認し、在庫数が99,999を超えないようにしてください。",
        hint_en="Orders not yet seen explain a fall; a rise must end at 99,999 or below.",
    ),
    (Family.STOCK, "IE0500"): _row(
        FaultKind.GONE,
        "楽天に商品またはSKUの在庫がないため、増減できません。",
        "Rakuten has no stock record of this item and SKU.",
    ),
    (Family.STOCK, "GE0014"): _row(
        FaultKind.GONE,
        "楽天に商品またはSKUが見つかりません。",
        "Rakuten does not have this item and SKU.",
    ),
    (Family.STOCK, "IE0121"): _row(
        FaultKind.BAD_ITEM,
        "1商品のSKUが400を超えます。SKU管理番号の誤りが考えられます。",
        "The item would have more than 400 SKUs; the SKU id is probably wrong.",
    ),
    (Family.STOCK, "IE0118"): _row(
        FaultKind.BAD_ITEM,
        "納期または出荷元の設定が店舗にありません。",
        "A lead time or ship-from id is not defined in the shop.",
    ),
    (Family.STOCK, "IE0001"): _row(
        FaultKind.REQUEST,
        "在庫更新の必須項目がありません。",
        "A mandatory field of the stock write is missing.",
        hint=_BUG,
        hint_en=_BUG_EN,
    ),
    (Family.STOCK, "IE0002"): _row(
        FaultKind.REQUEST,
        "在庫更新の値を楽天が認識しません。",
        "Rakuten does not recognise a value of the stock write.",
        hint=_BUG,
        hint_en=_BUG_EN,
    ),
    (Family.STOCK, "IE0003"): _row(
        FaultKind.BAD_ITEM,
        "在庫数が楽天の範囲(0〜99,999)の外です。",
        "The quantity is outside 0 to 99,999.",
    ),
    (Family.STOCK, "IE0004"): _row(
        FaultKind.BAD_ITEM,
        "商品管理番号またはSKU管理番号が長すぎます。",
        "The item or SKU id is too long.",
    ),
}
"""Every row's source and confidence: `docs/malls/rakuten.md`, "Errors"."""

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,80}", re.ASCII)
_ROW = re.compile(r"inventories\[(\d{1,6})\]", re.ASCII)
_XML_STATUS = re.compile(rb"<systemStatus>\s*NG\s*</systemStatus>")
_HTML_HEAD_BYTES = 4096
"""How far into a body shape D is looked for."""
_RETRY_AFTER_S_MAX = 3600.0
_RETRY_AFTER_S = {429: 1.0, 409: 2.0}
"""Least pause where the mall names none: a second for the rate, 1 to 3 s for a conflict."""


class Failure(Struct, frozen=True):
    """One entry of a failed reply."""

    code: str
    row: int | None = None
    """The row of the request it names (shape A with a readable propertyPath)."""
    order: str = ""
    """The order number it names (shape B)."""


def failures(body: bytes) -> tuple[Failure, ...]:
    """The errors a body speaks of, in its order; empty when it speaks of none we can read."""
    try:
        reply = decoded(body, FailureReply)
    except Unreadable:
        return (Failure("NG"),) if _XML_STATUS.search(body[:_HTML_HEAD_BYTES]) else ()
    if reply.errors:
        return tuple(Failure(_code(error.code), row=_row_of(error)) for error in reply.errors)
    if reply.old is not None and reply.old.code is not None:
        return (Failure(_code(reply.old.code)),)
    return order_failures(reply.messages)


def order_failures(messages: Sequence[Message] | None) -> tuple[Failure, ...]:
    """Shape B: a WARNING or an INFO is no failure."""
    return tuple(
        Failure(_code(entry.code), order=entry.order if isinstance(entry.order, str) else "")
        for entry in messages or ()
        if entry.type == "ERROR"
    )


def _code(native: object) -> str:
    """A code fit for a log line: whatever else stands in its place is not repeated."""
    return native if isinstance(native, str) and _CODE.fullmatch(native) else ""


def _row_of(error: NativeError) -> int | None:
    path = error.metadata.get("propertyPath") if isinstance(error.metadata, dict) else None
    found = _ROW.match(path) if isinstance(path, str) else None
    return int(found[1]) if found else None


def spec_of(family: Family, status: int, code: str) -> FaultSpec:
    """What a code that came with this HTTP status means; the rules in order of precedence."""
    by_code = ERRORS.get((family, code)) or ERRORS.get((None, code))
    by_status = ERRORS.get((None, f"http-{status}"))
    if status in (429, 503) and by_status:
        # Turned away at the gate, whatever the body says.
        return by_status
    if status == 401:
        # Un-Authorised in any shape, known code or not.
        return by_code if by_code and by_code.level is Level.CREDENTIALS else _REFUSED_KEY
    if by_code:
        return by_code
    if code.startswith("GK"):
        # The gateway's key errors; only three of them have been seen.
        return _BAD_HEADER
    if code and code != f"http-{status}":
        return UNCLASSIFIED
    return by_status or (_SERVER if status >= 500 else UNCLASSIFIED)


def failure(reply: Reply, family: Family, *, is_403_key: bool = False) -> MallError:
    """The fault a failed reply as a whole stands for; the worst entry speaks for all."""
    found = [entry.code for entry in failures(reply.body) if entry.code]
    codes = found or [f"http-{reply.status}"]
    specs = [(spec_of(family, reply.status, code), code) for code in codes]
    spec, code = max(specs, key=lambda pair: (pair[0].level, not pair[0].is_row))
    if reply.status == 403 and is_403_key:
        spec = FORBIDDEN_HALTS
    return MallError(spec, family=family, code=code, retry_after_s=_retry_after(reply))


def _retry_after(reply: Reply) -> float | None:
    text = reply.headers.get("retry-after", "").strip()
    least = _RETRY_AFTER_S.get(reply.status)
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(max(float(text), least or 0.0), _RETRY_AFTER_S_MAX)
    return least


def unreadable(family: Family, code: str = "unreadable") -> MallError:
    """A good status with a body that is not what the contract says; a write is unknown then."""
    return MallError(UNREADABLE, family=family, code=code)
