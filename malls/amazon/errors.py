"""What Amazon's failures mean: one table of (family, code), and how a failed reply is read.

Failures come in three shapes:

    A  {"errors": [{"code", "message", "details"}]}     every API
    B  {"error", "error_description"}                   the token endpoint
    C  anything else: HTML, nothing

A refused access is always 403 with the code `Unauthorized`; only the words beside it tell an ended
token from an ended secret, a missing right or a passing incident. They are looked at here, turned
into codes of our own, and repeated nowhere. Sources: docs/malls/amazon.md, "Errors".
"""

import re
from collections.abc import Sequence
from typing import Final

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
from malls.amazon.wire import ErrorReply, NativeError, TokenError, Unreadable, decoded

ACCESS_ENDED: Final = "access-token-expired"
ACCESS_REFUSED: Final = "access-token-refused"
ACCESS_MISSING: Final = "access-token-missing"
CLIENT_ENDED: Final = "client-secret-expired"
FORBIDDEN: Final = "forbidden"
FORBIDDEN_STAYS: Final = "forbidden-stays"
FBA: Final = "fba"
NOT_FOUND: Final = "NOT_FOUND"
NO_CREDENTIALS: Final = "no-credentials"
UNREADABLE: Final = "unreadable"
LISTINGS_TOO_DENSE: Final = "listings-too-dense"

_WAIT: Final = (
    "しばらく待てば自動で再開します。続くときはセラーセントラルのお知らせを確認してください。"
)
_WAIT_EN: Final = "It resumes by itself. If it stays, look at the notices in Seller Central."
_BUG: Final = "zaikoの不具合の可能性があります。コードを控えて開発元へ知らせてください。"
_BUG_EN: Final = "This may be a fault of zaiko: report the code to its makers."
_KEY: Final = (
    "セラーセントラルの「アプリとサービス > アプリの開発」でシークレットの更新またはアプリの承認を"
    "行い、`zaiko key set` で登録し直して、エラー削除をしてください。"
)
_KEY_EN: Final = (
    "Rotate the secret or authorize the app in Seller Central under Apps and Services > Develop"
    " Apps, store the credentials with `zaiko key set`, then clear the error."
)
_ITEM: Final = "セラーセントラルで出品の状態を確認してください。直れば自動で再開します。"
_ITEM_EN: Final = (
    "Look at the listing in Seller Central; once it is right, zaiko goes on by itself."
)
_RIGHTS: Final = (
    "次のどれかです: アプリのロール(「在庫と注文の追跡」「商品の出品」)が足りない、アプリの承認が"
    "取り消された、出品者IDまたは接続先が違う。確認して承認し直し、エラー削除をしてください。"
)
_RIGHTS_EN: Final = (
    "One of: the app lacks a role (Inventory and Order Tracking, Product Listing), its"
    " authorization was withdrawn, or the merchant token or address is wrong. Correct it,"
    " authorize again and clear the error."
)


def _key(message: str, message_en: str, hint: str = _KEY, hint_en: str = _KEY_EN) -> FaultSpec:
    return FaultSpec(
        level=Level.CREDENTIALS,
        kind=FaultKind.CREDENTIALS,
        message=message,
        hint=hint,
        message_en=message_en,
        hint_en=hint_en,
        done=Done.NOT_DONE,
    )


def _bug(message: str, message_en: str) -> FaultSpec:
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.REQUEST,
        message=message,
        hint=_BUG,
        message_en=message_en,
        hint_en=_BUG_EN,
        done=Done.NOT_DONE,
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
    kind: FaultKind, message: str, message_en: str, hint: str = _ITEM, hint_en: str = _ITEM_EN
) -> FaultSpec:
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=kind,
        message=message,
        hint=hint,
        message_en=message_en,
        hint_en=hint_en,
        # Every answer about one row comes before any effect: it was turned away.
        done=Done.NOT_DONE,
        is_row=True,
    )


_TOKEN = _key("Amazonがアクセストークンを受け付けません。", "Amazon refuses the access token.")
_RATE = _passing(
    FaultKind.RATE_LIMIT,
    "Amazonの呼び出し制限に達しました。",
    "Amazon's rate limit was reached.",
    done=Done.NOT_DONE,
)
_SERVER = _passing(
    FaultKind.SERVER, "Amazonのサーバーでエラーが起きています。", "Amazon's server failed."
)
_BUSY = _passing(
    FaultKind.MAINTENANCE,
    "Amazonがメンテナンス中、または混み合っています。",
    "Amazon is under maintenance or overloaded.",
    done=Done.NOT_DONE,
)
_BAD_REQUEST = _bug("Amazonがリクエストを受け付けません。", "Amazon refuses the request.")
_BAD_ROW = _row(
    FaultKind.BAD_ITEM,
    "Amazonがこの出品の更新を受け付けません。",
    "Amazon refuses the update of this listing.",
)
_GONE_ROW = _row(
    FaultKind.GONE,
    "Amazonにこの出品者SKUがありません。",
    "Amazon does not have this seller SKU.",
    "出品が残っているか、出品者SKUが正しいかを確認し、`zaiko import` で取り込み直してください。",
    "Check that the listing exists and its seller SKU is right, then import it again.",
)
_NO_PATH = _bug("Amazonに問い合わせ先がありません。", "Amazon does not have what was asked for.")
_GRANT = _key(
    "Amazonがリフレッシュトークンを受け付けません。",
    "Amazon refuses the refresh token.",
)
_CLIENT = _key(
    "AmazonがクライアントIDまたはシークレットを受け付けません。",
    "Amazon refuses the client id or the client secret.",
)
_TOKEN_BUG = _bug("トークンの要求が正しくありません。", "The token request is not right.")

ERRORS: Final[ErrorTable] = {
    # Keys. A 403 is told apart by its words: see `refusal`.
    (None, NO_CREDENTIALS): FaultSpec(
        level=Level.CREDENTIALS,
        kind=FaultKind.NO_CREDENTIALS,
        message="AmazonのAPIキーが登録されていません。",
        hint="`zaiko key set` で出品者ID、クライアントID、シークレット、リフレッシュトークンを"
        "登録してください。",
        message_en="No complete credentials are stored for Amazon.",
        hint_en="Store merchant token, client id, secret and refresh token with `zaiko key set`.",
        done=Done.NOT_DONE,
    ),
    (None, ACCESS_ENDED): _TOKEN,
    (None, ACCESS_REFUSED): _TOKEN,
    (None, "http-401"): _TOKEN,
    (None, ACCESS_MISSING): _key(
        "アクセストークンなしで呼び出しました。",
        "A call left without an access token.",
        _BUG,
        _BUG_EN,
    ),
    (None, CLIENT_ENDED): _key(
        "クライアントシークレットの有効期限(180日)が切れています。",
        "The client secret has expired (180 days).",
    ),
    (None, FORBIDDEN_STAYS): _key(
        "Amazonがアクセスを拒否し続けています(403)。",
        "Amazon keeps forbidding the access (HTTP 403).",
        _RIGHTS,
        _RIGHTS_EN,
    ),
    (None, FORBIDDEN): FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.SERVER,
        message="Amazonがアクセスを拒否しました(403)。",
        hint="Amazon側の一時的な障害のことがあります。30分続くと連携を停止します。続くときは"
        "アプリのロールと承認を確認してください。",
        message_en="Amazon forbids the access (HTTP 403).",
        hint_en="It may be an incident at Amazon's; after 30 minutes the mall is halted. If it"
        " stays, look at the app's roles and its authorization.",
        done=Done.NOT_DONE,
    ),
    (Family.AUTH, "invalid_grant"): _GRANT,
    (Family.AUTH, "access_denied"): _GRANT,
    (Family.AUTH, "invalid_client"): _CLIENT,
    (Family.AUTH, "unauthorized_client"): _CLIENT,
    (Family.AUTH, "http-401"): _CLIENT,
    (Family.AUTH, "invalid_request"): _TOKEN_BUG,
    (Family.AUTH, "invalid_scope"): _TOKEN_BUG,
    (Family.AUTH, "unsupported_grant_type"): _TOKEN_BUG,
    (Family.AUTH, "server_error"): _SERVER,
    (Family.AUTH, "temporarily_unavailable"): _BUSY,
    # Passing: turned away before it was taken.
    (None, "QuotaExceeded"): _RATE,
    (None, "http-429"): _RATE,
    (None, "http-503"): _BUSY,
    # Passing: it may have been done.
    (None, "InternalFailure"): _SERVER,
    (None, "InternalError"): _SERVER,
    (None, "http-500"): _SERVER,
    (None, "http-502"): _SERVER,
    (None, "http-504"): _passing(
        FaultKind.TIMEOUT,
        "Amazonのサーバーが時間内に応答しませんでした。",
        "Amazon's gateway timed out.",
    ),
    (None, UNREADABLE): _passing(
        FaultKind.UNREADABLE,
        "Amazonの応答を読み取れませんでした。",
        "Amazon's reply could not be read.",
    ),
    # Our own request was wrong, unless it names one listing.
    (None, "InvalidInput"): _BAD_REQUEST,
    (None, "BAD_REQUEST"): _BAD_REQUEST,
    (None, "400"): _BAD_REQUEST,
    (None, "http-400"): _BAD_REQUEST,
    (None, "NotFound"): _NO_PATH,
    (None, NOT_FOUND): _NO_PATH,
    (None, "http-404"): _NO_PATH,
    (None, "http-405"): _bug("APIのメソッドが違います。", "Amazon refuses the method."),
    (None, "http-413"): _bug("送信内容が大きすぎます。", "The body is too large."),
    (None, "http-415"): _bug("送信形式が受け付けられませんでした。", "Content-Type was refused."),
    (Family.ITEMS, LISTINGS_TOO_DENSE): FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.CONFIGURATION,
        message="同じ時刻に作成された出品が多すぎて、APIでは取り込めません。",
        hint="セラーセントラルの出品レポートを保存し、`zaiko import --file` で取り込んでください。",
        message_en="Too many listings were created in the same instant to be read by the API.",
        hint_en="Save the listings report in Seller Central and use `zaiko import --file`.",
        done=Done.NOT_DONE,
    ),
    # Rows.
    (Family.STOCK, "InvalidInput"): _BAD_ROW,
    (Family.STOCK, "BAD_REQUEST"): _BAD_ROW,
    (Family.STOCK, "400"): _BAD_ROW,
    (Family.STOCK, "http-400"): _BAD_ROW,
    (Family.STOCK, "INVALID"): _BAD_ROW,
    (Family.STOCK, "NotFound"): _GONE_ROW,
    (Family.STOCK, NOT_FOUND): _GONE_ROW,
    (Family.STOCK, "http-404"): _GONE_ROW,
    (Family.STOCK, FORBIDDEN): _row(
        FaultKind.BAD_ITEM,
        "Amazonがこの出品者SKUへのアクセスだけを拒否しています(403)。",
        "Amazon forbids the access to this seller SKU only (HTTP 403).",
    ),
    (Family.STOCK, FBA): _row(
        FaultKind.CONFIGURATION,
        "この出品はFBA(Amazon出荷)のため、在庫数を送りません。",
        "The listing is fulfilled by Amazon (FBA), so no quantity is sent to it.",
        "出品者出荷の出品者SKUに紐づけるか、紐づけを解除してください。",
        "Link a merchant-fulfilled seller SKU instead, or remove the link.",
    ),
    (Family.STOCK, "90000900"): _row(
        FaultKind.BAD_ITEM,
        "在庫数またはリードタイムの値をAmazonが受け付けません。",
        "Amazon refuses the value of the quantity or the lead time.",
        "登録されたリードタイム(0〜30日)と入荷予定日を確認してください。",
        "Look at the registered lead time (0 to 30 days) and restock date.",
    ),
    (Family.STOCK, "90220"): _row(
        FaultKind.BAD_ITEM,
        "出品の必須項目が足りないため、Amazonが更新を受け付けません。",
        "The listing lacks a mandatory attribute, so Amazon refuses the update.",
    ),
    (Family.STOCK, "99022"): _row(
        FaultKind.BAD_ITEM,
        "出品の項目の値が足りないため、Amazonが更新を受け付けません。",
        "An attribute of the listing lacks a value, so Amazon refuses the update.",
    ),
}
"""Every row's source and confidence: docs/malls/amazon.md, "Errors"."""

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,80}", re.ASCII)
_RATE_TOLD = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?", re.ASCII)
_WORDS: Final = (
    # In order of precedence; lower case. The secret's sentence also speaks of an LWA token.
    (("lwa secret",), CLIENT_ENDED),
    (("access token", "missing"), ACCESS_MISSING),
    (("access token", "has expired"), ACCESS_ENDED),
    (("access token", "revoked, malformed or invalid"), ACCESS_REFUSED),
)


def fit(code: object) -> str:
    """A code fit for a log line; whatever else stands in its place is not repeated."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def failures(body: bytes) -> Sequence[NativeError]:
    """The errors a body of shape A speaks of; empty when it speaks of none we can read."""
    try:
        return decoded(body, ErrorReply).errors
    except Unreadable:
        return ()


def refusal(reply: Reply) -> str:
    """Our own code of a 401 or 403, by its words; "" for any other status."""
    if reply.status == 401:
        return "http-401"
    if reply.status != 403:
        return ""
    for entry in failures(reply.body):
        text = " ".join(
            part.lower() for part in (entry.message, entry.details) if isinstance(part, str)
        )
        for words, code in _WORDS:
            if all(word in text for word in words):
                return code
    return FORBIDDEN


def code_of(reply: Reply, family: Family) -> str:
    """The code a failed reply goes by: the status where it is surer, else the mall's own."""
    if reply.status == 429 or reply.status >= 502:
        # Turned away or lost at the gate, whatever the body says.
        return f"http-{reply.status}"
    if family is Family.AUTH:
        try:
            return fit(decoded(reply.body, TokenError).error) or f"http-{reply.status}"
        except Unreadable:
            return f"http-{reply.status}"
    if refused := refusal(reply):
        return refused
    told = [code for entry in failures(reply.body) if (code := fit(entry.code))]
    return told[0] if told else f"http-{reply.status}"


def spec_of(family: Family, code: str) -> FaultSpec:
    """What a code means for a call as a whole: the family's row, unless that speaks of one row."""
    own = ERRORS.get((family, code))
    if own is None or own.is_row:
        own = ERRORS.get((None, code))
    if own is None and code.startswith("http-5"):
        return _SERVER
    return own or UNCLASSIFIED


def failure(reply: Reply, family: Family) -> MallError:
    """The fault a failed reply as a whole stands for."""
    code = code_of(reply, family)
    return MallError(spec_of(family, code), family=family, code=code)


def refuse(code: str, family: Family) -> MallError:
    """A fault of our own table."""
    return MallError(spec_of(family, code), family=family, code=code)


def unreadable(family: Family, code: str = UNREADABLE) -> MallError:
    """A good status with a body that is not what the contract says; a write is unknown then."""
    return MallError(ERRORS[None, UNREADABLE], family=family, code=code)


def rate_told(reply: Reply) -> float | None:
    """Calls a second this account has for the operation, where the reply says so."""
    text = reply.headers.get("x-amzn-ratelimit-limit", "").strip()
    rate = float(text) if _RATE_TOLD.fullmatch(text) else 0.0
    return rate if rate > 0 else None
