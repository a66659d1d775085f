"""MakeShop's error table as data, and how a failed reply becomes one code.

Only FORBIDDEN and validation failures (HTTP 422) were ever seen in public. A code the table does
not have is read by the words of its message (never repeated anywhere), then by the HTTP status,
and is unclassified after that. No text of the mall enters an error, only a code that looks like
one. Facts: docs/malls/makeshop.md.
"""

import re
from collections.abc import Sequence

from msgspec import structs

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
    classify,
)
from malls.makeshop.wire import Envelope, GraphError, T, Unreadable, decoded, text

UNREADABLE_CODE = "unreadable"
CALL_ERROR_CODE = "call-error"
NO_CREDENTIALS_CODE = "no-credentials"
ENDPOINT_CODE = "endpoint"
NO_MODE_CODE = "quantity-mode"
ROW_CODE = "fail-result"
BAD_QUANTITY_CODE = "bad-quantity"

_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_NOT_TAKEN_STATUSES = frozenset({401, 403, 404, 405, 413, 415, 422, 429, 503})
"""Statuses that turn a request away before any effect, whatever its code."""


def _halt(kind: FaultKind, sentence: str, hint: str, sentence_en: str, hint_en: str) -> FaultSpec:
    return FaultSpec(
        level=Level.CREDENTIALS,
        kind=kind,
        message=sentence,
        hint=hint,
        message_en=sentence_en,
        hint_en=hint_en,
        done=Done.NOT_DONE,
    )


def _passing(
    kind: FaultKind,
    sentence: str,
    sentence_en: str,
    *,
    done: Done = Done.NOT_DONE,
    hint: str = "自動で再試行します。操作は不要です。",
    hint_en: str = "It is tried again by itself; nothing to do.",
    is_row: bool = False,
) -> FaultSpec:
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=kind,
        message=sentence,
        hint=hint,
        message_en=sentence_en,
        hint_en=hint_en,
        done=done,
        is_row=is_row,
    )


TOKEN_REFUSED = _halt(
    FaultKind.CREDENTIALS,
    "MakeShop がトークンまたはAPIキーを受け付けません。",
    "ショップ管理画面の「アプリ管理 / API利用設定」でトークンとAPIキーを確かめ、"
    "「zaiko key set」で登録してからエラーを削除してください。",
    "MakeShop does not accept the token or the API key.",
    "Check both in the shop's admin screen, アプリ管理 / API利用設定, store them with"
    " `zaiko key set`, then clear the error.",
)
NOT_PERMITTED = _halt(
    FaultKind.CREDENTIALS,
    "この操作の権限がAPIに許可されていません。",
    "ショップ管理画面の「アプリ管理 / API利用設定」で受注・商品・在庫の権限を追加し、"
    "エラーを削除してください。",
    "The API was not given the right to this operation.",
    "Add the rights to orders, products and stock in the shop's admin screen,"
    " アプリ管理 / API利用設定, then clear the error.",
)
NO_CREDENTIALS = _halt(
    FaultKind.NO_CREDENTIALS,
    "MakeShop の認証情報が足りません。",
    "「zaiko key set」でトークンとAPIキーを登録してください。",
    "Credentials of MakeShop are missing.",
    "Store the token and the API key with `zaiko key set`.",
)
BAD_ENDPOINT = _halt(
    FaultKind.CONFIGURATION,
    "エンドポイントURLが正しくありません（https:// で始まる必要があります）。",
    "メールで届いたURLを「zaiko key set」で登録し直すか、空欄にしてください。",
    "The endpoint URL is wrong (it has to begin with https://).",
    "Store the URL that was e-mailed to you again with `zaiko key set`, or leave it empty.",
)
WRONG_ADDRESS = _passing(
    FaultKind.CONFIGURATION,
    "MakeShop のエンドポイントが見つかりません。",
    "MakeShop's endpoint is not there.",
    hint="メールで届いたエンドポイントURLを「zaiko key set」で登録してください。",
    hint_en="Store the endpoint URL that was e-mailed to you with `zaiko key set`.",
)
NO_MODE = _passing(
    FaultKind.CONFIGURATION,
    "在庫の更新方法（加算か上書きか）が未確認のため、在庫を送信していません。",
    "It is not known yet whether quantities are added or overwritten, so none are sent.",
    hint="設定の probe_item に在庫を動かしてよい商品（在庫1以上）を指定してください。",
    hint_en="Name an item whose stock may be changed (1 or more in stock) as `probe_item` in the"
    " settings.",
)
MAINTENANCE = _passing(
    FaultKind.MAINTENANCE, "MakeShop がメンテナンス中です。", "MakeShop is under maintenance."
)
TOO_MANY = _passing(FaultKind.RATE_LIMIT, "呼び出しが多すぎます。", "Too many calls.")
BUSY = _passing(
    FaultKind.RATE_LIMIT,
    "MakeShop の呼び出し上限に達したようです。",
    "MakeShop seems to limit the calls.",
    done=Done.UNKNOWN,
)
SYSTEM = _passing(
    FaultKind.SERVER,
    "MakeShop でシステムエラーが起きました。",
    "System error at MakeShop.",
    done=Done.UNKNOWN,
)
BODY_UNREADABLE = _passing(
    FaultKind.UNREADABLE,
    "MakeShop の応答を読み取れません。",
    "The answer of MakeShop cannot be read.",
    done=Done.UNKNOWN,
)
OUR_REQUEST = _passing(
    FaultKind.REQUEST,
    "zaikoの要求が MakeShop の仕様と合いません（不具合の可能性があります）。",
    "zaiko's own request does not fit MakeShop's schema (probably a bug).",
    hint="コードを控えて開発元へ知らせてください。",
    hint_en="Report the code to the makers.",
)
MISFIT = structs.replace(OUR_REQUEST, done=Done.UNKNOWN)
"""The same, told by words alone: too little to believe that nothing was done."""
ITEM_REFUSED = _passing(
    FaultKind.BAD_ITEM,
    "モールがこの商品の在庫更新を受け付けません。",
    "The mall refuses to take this listing's quantity.",
    hint="ショップ管理画面で商品とバリエーションの独自コードを確かめ、取り込み直してください。",
    hint_en="Check the item's and the variation's own code in the admin screen, then import the"
    " mall again.",
    is_row=True,
)
BAD_QUANTITY = _passing(
    FaultKind.BAD_ITEM,
    "送信できない在庫数です。",
    "The quantity cannot be sent.",
    hint="設定の cap（上限在庫数）を確かめてください。",
    hint_en="Look at `cap` in the settings.",
    is_row=True,
)

TABLE: ErrorTable = {
    (None, "FORBIDDEN"): NOT_PERMITTED,
    (None, "UNAUTHENTICATED"): TOKEN_REFUSED,
    (None, "UNAUTHORIZED"): TOKEN_REFUSED,
    (None, "GRAPHQL_VALIDATION_FAILED"): OUR_REQUEST,
    (None, "GRAPHQL_PARSE_FAILED"): OUR_REQUEST,
    # No code of the mall: the HTTP status.
    (None, "http-400"): OUR_REQUEST,
    (None, "http-401"): TOKEN_REFUSED,
    (None, "http-403"): NOT_PERMITTED,
    (None, "http-404"): WRONG_ADDRESS,
    (None, "http-405"): WRONG_ADDRESS,
    (None, "http-408"): SYSTEM,
    (None, "http-413"): OUR_REQUEST,
    (None, "http-422"): OUR_REQUEST,
    (None, "http-429"): TOO_MANY,
    (None, "http-503"): MAINTENANCE,
    (None, UNREADABLE_CODE): BODY_UNREADABLE,
    # A row of failResult, which has a message and no code.
    (None, ROW_CODE): ITEM_REFUSED,
    # zaiko's own, before anything is sent.
    (None, NO_CREDENTIALS_CODE): NO_CREDENTIALS,
    (None, ENDPOINT_CODE): BAD_ENDPOINT,
    (None, NO_MODE_CODE): NO_MODE,
    (None, BAD_QUANTITY_CODE): BAD_QUANTITY,
}

WORDS: Sequence[tuple[tuple[str, ...], FaultSpec]] = (
    # The first line that fits counts: a syntax error speaks of tokens too.
    (("syntax error", "unexpected token", "unknown field", "cannot query field"), MISFIT),
    (("メンテナンス", "maintenance"), MAINTENANCE),
    (("too many", "rate limit", "混雑", "しばらく"), BUSY),
    (("token", "api-key", "api key", "apikey", "認証", "x-timestamp"), TOKEN_REFUSED),
)
"""What a message in small letters means whose code nobody knows (?)."""


def read_reply(reply: Reply, family: Family, name: str, shape: type[T]) -> T:
    """The answer of the operation `name` as its shape; anything else raises `MallError`."""
    try:
        envelope = decoded(reply.body, Envelope)
    except Unreadable:
        raise failure(reply, family, ()) from None
    if envelope.errors or not 200 <= reply.status < 300:
        # Data beside errors is not believed: which part of it is whole cannot be told.
        raise failure(reply, family, envelope.errors or ())
    answer = (envelope.data or {}).get(name)
    if answer is None:
        raise refuse(UNREADABLE_CODE, family)
    try:
        return decoded(answer, shape)
    except Unreadable:
        raise refuse(UNREADABLE_CODE, family) from None


def is_credential_refused(reply: Reply) -> bool:
    """Whether a reply refuses who calls; a stale x-timestamp is thought to look the same (?)."""
    if reply.status == 401:
        return True
    try:
        errors = decoded(reply.body, Envelope).errors or ()
    except Unreadable:
        return False
    return bool(errors) and failure(reply, Family.AUTH, errors).spec is TOKEN_REFUSED


def failure(reply: Reply, family: Family, errors: Sequence[GraphError]) -> MallError:
    """The error of a reply that is not good, and whether the call may have been done."""
    native = next((code for code in map(_code, errors) if code), "")
    words = "\n".join(text(error.message) for error in errors).lower()
    is_refused = not 200 <= reply.status < 300
    by_status = f"http-{reply.status}" if is_refused else ""
    code = native or by_status or (CALL_ERROR_CODE if errors else UNREADABLE_CODE)
    spec = classify(TABLE, family, code)
    if spec is UNCLASSIFIED or code == by_status:
        spec = next((meant for some, meant in WORDS if any(one in words for one in some)), spec)
    if spec is UNCLASSIFIED and is_refused:
        spec = classify(TABLE, family, by_status)
        if spec is UNCLASSIFIED and reply.status >= 500:
            spec = SYSTEM
    done = Done.NOT_DONE if reply.status in _NOT_TAKEN_STATUSES else spec.done
    return MallError(spec, family=family, code=code, retry_after_s=_retry_after(reply), done=done)


def refuse(code: str, family: Family, *, subject: str = "") -> MallError:
    """An error of ours that no reply belongs to."""
    spec = classify(TABLE, family, code)
    return MallError(spec, family=family, code=code, subject=subject)


def _code(error: GraphError) -> str:
    """The code beside a message: most likely in its extensions (?)."""
    inside = error.extensions.get("code") if isinstance(error.extensions, dict) else None
    for native in (inside, error.code):
        if _CODE.fullmatch(text(native)):
            return text(native)
    return ""


def _retry_after(reply: Reply) -> float | None:
    word = reply.headers.get("retry-after", "").strip()
    return float(word) if word.isascii() and word.isdigit() and len(word) < 7 else None
