"""Yahoo's error table as data, and how its many shapes of error become one code.

`read_reply` is the judge of every store call: it returns the body of a good answer or raises the
`MallError` that the table gives. A code that is not in the table is unclassified, level 8. No text
of the mall enters an error: only a code that looks like one. Facts: docs/malls/yahoo.md.
"""

import re

import msgspec

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
from malls.yahoo.wire import Node, Unreadable, read_xml

EXPIRED_CODES = frozenset({"invalid_token", "http-401"})
"""The access token was not taken: worth one refresh and one repeat. Known not done."""

NO_ORDER_CODE = "od91801"
UNREADABLE_CODE = "unreadable"
FORBIDDEN_CODE = "forbidden"
NO_CREDENTIALS_CODE = "no-credentials"
BAD_KEY_CODE = "public-key"

_ERROR_NAMES = frozenset({"Error", "Code", "Message"})
_GOOD_ROOTS = frozenset({"Result", "ResultSet"})
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_NOT_TAKEN_STATUSES = frozenset({401, 403, 404, 405, 413, 414, 415, 429, 503})
"""For a code the table does not know: the request was turned away before any effect. A 400 is not
among them: an unknown code may be of a row."""


def _halt(kind: FaultKind, message: str, hint: str, message_en: str, hint_en: str) -> FaultSpec:
    return FaultSpec(
        level=Level.CREDENTIALS,
        kind=kind,
        message=message,
        hint=hint,
        message_en=message_en,
        hint_en=hint_en,
        done=Done.NOT_DONE,
    )


TOKEN_REFUSED = _halt(
    FaultKind.CREDENTIALS,
    "Yahoo!ショッピングがアクセストークンを受け付けません。",
    "「zaiko key renew」で同意をやり直し、エラーを削除してください。",
    "Yahoo! Shopping does not accept the access token.",
    "Give consent again with `zaiko key renew`, then clear the error.",
)
CONSENT_OVER = _halt(
    FaultKind.CREDENTIALS,
    "アクセス許可（リフレッシュトークン）の期限が切れたか、取り消されました。",
    "「zaiko key renew」で同意をやり直し、エラーを削除してください。",
    "The consent (refresh token) has expired or was withdrawn.",
    "Give consent again with `zaiko key renew`, then clear the error.",
)
CLIENT_REFUSED = _halt(
    FaultKind.CREDENTIALS,
    "Client ID またはシークレットが正しくありません。",
    "Yahoo!デベロッパーネットワークの値を「zaiko key set」で登録し直してください。",
    "The client ID or the client secret is wrong.",
    "Register the values shown by the Yahoo! developer network again with `zaiko key set`.",
)
ORDER_SESSION_OVER = _halt(
    FaultKind.CREDENTIALS,
    "注文APIの利用時間が終わりました（公開鍵が無効か、同意の期限切れです）。",
    "ストアクリエイターProの暗号鍵管理で公開鍵の期限と番号を確かめ、「zaiko key renew」で同意を"
    "やり直してください。",
    "The order session is over: the public key is not valid, or the consent is too old.",
    "Check the public key's expiry and version in Store Creator Pro, then run `zaiko key renew`.",
)
NOT_APPROVED = _halt(
    FaultKind.CREDENTIALS,
    "このアプリケーションは注文APIの利用を許可されていません。",
    "Yahoo!ショッピングへ注文APIの利用を申請してください。",
    "This application is not approved for the order API.",
    "Apply to Yahoo! Shopping for the use of the order API.",
)
ADDRESS_REFUSED = _halt(
    FaultKind.CREDENTIALS,
    "接続元IPアドレスが注文APIに登録されていません。",
    "固定IPアドレスをYahoo!ショッピングへ登録してください。",
    "The source IP address is not registered for the order API.",
    "Register this machine's fixed IP address with Yahoo! Shopping.",
)
CONSENT_WITHDRAWN = _halt(
    FaultKind.CREDENTIALS,
    "APIの利用許可が取り消されています。",
    "「zaiko key renew」で同意をやり直し、エラーを削除してください。",
    "The permission to use the API was withdrawn.",
    "Give consent again with `zaiko key renew`, then clear the error.",
)
NO_BUSINESS_ID = _halt(
    FaultKind.CREDENTIALS,
    "同意したYahoo! JAPANビジネスIDがストアに登録されていません。",
    "ストアクリエイターProで権限のあるIDを登録し、そのIDで同意をやり直してください。",
    "The business ID that gave consent is not registered for the store.",
    "Register an ID with rights in Store Creator Pro and give consent with it.",
)
NO_SELLER_RIGHT = _halt(
    FaultKind.CREDENTIALS,
    "このストアを操作する権限がありません。",
    "ストアアカウントと、同意に使ったIDの権限を確かめてください。",
    "Not allowed to work on this store.",
    "Check the store account and the rights of the ID that gave consent.",
)
SCOPE_LACKING = _halt(
    FaultKind.CREDENTIALS,
    "アプリケーションにストア向け操作の権限がありません。",
    "ショッピング用の申込フォームからアプリケーションを作り直してください。",
    "The application lacks the store scope.",
    "Create the application through the shopping form, which grants the store scope.",
)
SELLER_WRONG = _halt(
    FaultKind.CONFIGURATION,
    "ストアアカウント（seller_id）が正しくありません。",
    "「zaiko key set」でストアアカウントを登録し直してください。",
    "The store account (seller_id) is missing, malformed or unknown.",
    "Register the store account again with `zaiko key set`.",
)
REDIRECT_WRONG = _halt(
    FaultKind.CONFIGURATION,
    "コールバックURLがアプリケーションの登録と一致しません。",
    "登録済みのコールバックURLを redirect_uri として「zaiko key set」で登録してください。",
    "The callback URL is not the one registered with the application.",
    "Register the application's callback URL as redirect_uri with `zaiko key set`.",
)
NO_CREDENTIALS = _halt(
    FaultKind.NO_CREDENTIALS,
    "Yahoo!ショッピングの認証情報が足りません。",
    "「zaiko key set」で登録し、「zaiko key renew」で同意してください。",
    "Credentials of Yahoo! Shopping are missing.",
    "Register them with `zaiko key set` and give consent with `zaiko key renew`.",
)
BAD_KEY = _halt(
    FaultKind.CONFIGURATION,
    "公開鍵を読み取れません。",
    "ストアクリエイターProの暗号鍵管理にある公開鍵を「zaiko key set」で登録し直してください。",
    "The public key cannot be read.",
    "Register the public key shown in Store Creator Pro again with `zaiko key set`.",
)
CLIENT_UNPROVEN = _halt(
    FaultKind.CREDENTIALS,
    "アクセスが拒否されました（Client ID が未登録か未許可、または1日の上限を超えています）。",
    "Client ID を確かめてください。上限超過の場合は翌日に回復します。",
    "Forbidden: the client ID is unknown or not permitted, or the daily limit is used up.",
    "Check the client ID; if it was the limit, it is over the next day.",
)


def _passing(
    kind: FaultKind,
    message: str,
    message_en: str,
    *,
    done: Done = Done.NOT_DONE,
    hint: str = "自動で再試行します。操作は不要です。",
    hint_en: str = "It is tried again by itself; nothing to do.",
    is_row: bool = False,
) -> FaultSpec:
    return FaultSpec(
        level=Level.TRANSIENT,
        kind=kind,
        message=message,
        hint=hint,
        message_en=message_en,
        hint_en=hint_en,
        done=done,
        is_row=is_row,
    )


FORBIDDEN = _passing(
    FaultKind.RATE_LIMIT,
    "アクセスが拒否されました（1日の上限 50,000 回を超えた可能性があります）。",
    "Forbidden: the daily limit of 50,000 calls is probably used up.",
    hint="翌日まで続くときは Client ID の許可を確かめてください。",
    hint_en="If it lasts until tomorrow, check that the client ID is permitted.",
)
TOO_MANY = _passing(FaultKind.RATE_LIMIT, "呼び出しが多すぎます。", "Too many calls.")
MAINTENANCE = _passing(
    FaultKind.MAINTENANCE, "Yahoo!ショッピングがメンテナンス中です。", "Maintenance."
)
PUBLISHING = _passing(
    FaultKind.MAINTENANCE,
    "ストアの反映またはアップロード中のため、在庫を更新できません。",
    "The store is being published or uploaded to; no update is taken.",
)
SYSTEM = _passing(
    FaultKind.SERVER,
    "Yahoo!ショッピングでシステムエラーが起きました。",
    "System error at Yahoo! Shopping.",
    done=Done.UNKNOWN,
)
READ_BACK = _passing(
    FaultKind.SERVER,
    "在庫は更新されましたが、更新後の値が返りませんでした。",
    "The stock was updated, but the mall could not read it back.",
    done=Done.UNKNOWN,
    hint="在庫数を読み直して確認します。",
    hint_en="The quantity is read and compared.",
)
BODY_UNREADABLE = _passing(
    FaultKind.UNREADABLE,
    "Yahoo!ショッピングの応答を読み取れません。",
    "The answer of Yahoo! Shopping cannot be read.",
    done=Done.UNKNOWN,
)
BAD_CODE = _passing(
    FaultKind.BAD_ITEM,
    "商品コードが受け付けられません。",
    "The item code is not accepted.",
    hint="商品コードとサブコードを確かめ、商品を取り込み直してください。",
    hint_en="Check the item code and sub-code and import the items again.",
    is_row=True,
)
BAD_QUANTITY = _passing(
    FaultKind.BAD_ITEM,
    "在庫数が受け付けられません。",
    "The quantity is not accepted.",
    hint="ストアクリエイターProでこの商品の在庫数を確かめてください。",
    hint_en="Look at this item's quantity in Store Creator Pro.",
    is_row=True,
)
NO_STOCK_RECORD = _passing(
    FaultKind.GONE,
    "モールに在庫情報が無く、超過購入設定を確認できません。",
    "The mall has no stock record, so the over-purchase setting cannot be kept.",
    hint="ストアクリエイターProで商品と在庫を確かめ、商品を取り込み直してください。",
    hint_en="Check the item and its stock in Store Creator Pro and import the items again.",
    is_row=True,
)
NO_ITEM = _passing(
    FaultKind.GONE,
    "モールにこの商品コードがありません。",
    "The mall has no item of this code.",
    hint="商品を取り込み直し、紐づけを確かめてください。",
    hint_en="Import the items again and check the link.",
    is_row=True,
)
NO_ORDER = _passing(
    FaultKind.GONE,
    "モールにこの注文がありません。",
    "The mall has no such order.",
    is_row=True,
)
OUR_REQUEST = _passing(
    FaultKind.REQUEST,
    "zaikoの要求が正しくありません（不具合の可能性があります）。",
    "zaiko's own request was wrong (probably a bug).",
    hint="コードを控えて開発元へ知らせてください。",
    hint_en="Report the code to the makers.",
)

TABLE: ErrorTable = {
    # The gateway: tokens, consent, approval (contract 3.2).
    (None, "invalid_token"): TOKEN_REFUSED,
    (None, "http-401"): TOKEN_REFUSED,
    (None, "insufficient_scope"): SCOPE_LACKING,
    (None, "px-04102"): ORDER_SESSION_OVER,
    (None, "px-04303"): NOT_APPROVED,
    (None, "px-04306"): ADDRESS_REFUSED,
    (None, "px-04307"): CONSENT_WITHDRAWN,
    (None, "px-14303"): NO_BUSINESS_ID,
    (None, "px-14304"): NO_SELLER_RIGHT,
    (None, "px-04001"): OUR_REQUEST,
    (None, "px-04400"): OUR_REQUEST,
    (None, FORBIDDEN_CODE): FORBIDDEN,
    # The token endpoint.
    (Family.AUTH, "invalid_grant"): CONSENT_OVER,
    (Family.AUTH, "invalid_client"): CLIENT_REFUSED,
    (Family.AUTH, "http-401"): CLIENT_REFUSED,
    (Family.AUTH, "access_denied"): CONSENT_WITHDRAWN,
    (Family.AUTH, "invalid_scope"): SCOPE_LACKING,
    (Family.AUTH, "invalid_redirect_uri"): REDIRECT_WRONG,
    (Family.AUTH, "invalid_request"): OUR_REQUEST,
    (Family.AUTH, "unsupported_grant_type"): OUR_REQUEST,
    (Family.AUTH, "server_error"): SYSTEM,
    # zaiko's own, before anything is sent.
    (None, NO_CREDENTIALS_CODE): NO_CREDENTIALS,
    (None, BAD_KEY_CODE): BAD_KEY,
    # Common to the store calls.
    (None, "ed-00001"): SYSTEM,
    (None, "ed-00002"): MAINTENANCE,
    (None, "ed-00003"): SELLER_WRONG,
    (None, "ed-00004"): SELLER_WRONG,
    (None, "ed-00005"): SELLER_WRONG,
    (None, "ed-00006"): PUBLISHING,
    (None, "ed-10001"): UNCLASSIFIED,  # known to exist, its meaning is not
    (None, "ed-10002"): READ_BACK,
    # Stock; st-01xxx by analogy (?), its 000 and st-02000 before ed-00002 took their place.
    (None, "st-01000"): MAINTENANCE,
    (None, "st-01100"): SELLER_WRONG,
    (None, "st-01101"): BAD_CODE,
    (None, "st-01102"): OUR_REQUEST,
    (None, "st-01103"): OUR_REQUEST,
    (None, "st-01999"): SYSTEM,
    (None, "st-02000"): MAINTENANCE,
    (None, "st-02100"): SELLER_WRONG,
    (None, "st-02101"): BAD_CODE,
    (None, "st-02102"): OUR_REQUEST,
    (None, "st-02103"): OUR_REQUEST,
    (None, "st-02104"): BAD_QUANTITY,
    (None, "st-02105"): OUR_REQUEST,
    (None, "st-02106"): OUR_REQUEST,
    (None, "st-02107"): OUR_REQUEST,
    (None, "st-02999"): SYSTEM,
    (None, "no-stock-record"): NO_STOCK_RECORD,
    # Items and orders.
    (None, "it-05002"): NO_ITEM,
    (None, "od90101"): OUR_REQUEST,
    (None, NO_ORDER_CODE): NO_ORDER,
    (None, "od91133"): OUR_REQUEST,
    (None, "od91001"): SYSTEM,
    # No code at all.
    (None, "503"): MAINTENANCE,
    (None, "http-429"): TOO_MANY,
    (None, "http-503"): MAINTENANCE,
    (None, UNREADABLE_CODE): BODY_UNREADABLE,
}


def read_reply(reply: Reply, family: Family, keep: frozenset[str], pause_s: float) -> Node:
    """The body of a good answer (its named elements); anything else raises `MallError`.

    pause_s is the wait that a 403 without a code asks for.
    """
    root = _root(reply, keep | _ERROR_NAMES)
    code = _code(reply, root)
    if root is None or code:
        raise fault(reply, family, code or UNREADABLE_CODE, pause_s)
    return root


def fault(reply: Reply, family: Family, code: str, pause_s: float) -> MallError:
    """The error that a reply's code means, and whether the call may have been done."""
    spec = classify(TABLE, family, code)
    if spec is UNCLASSIFIED and code.startswith("http-5"):
        spec = SYSTEM
    done = spec.done
    if spec is UNCLASSIFIED and reply.status in _NOT_TAKEN_STATUSES:
        done = Done.NOT_DONE
    wait = retry_after(reply)
    if wait is None and code == FORBIDDEN_CODE:
        wait = pause_s
    return MallError(spec, family=family, code=code, retry_after_s=wait, done=done)


def refuse(code: str, family: Family, *, subject: str = "") -> MallError:
    """An error of ours that no reply belongs to."""
    spec = classify(TABLE, family, code)
    return MallError(spec, family=family, code=code, subject=subject)


def token_expired(reply: Reply) -> bool:
    """Whether a reply says that the access token was not taken (shapes a and c)."""
    return reply.status == 401 and _code(reply, _root(reply, _ERROR_NAMES)) in EXPIRED_CODES


def retry_after(reply: Reply) -> float | None:
    """The seconds of a Retry-After header; Yahoo is not known to send one (?)."""
    text = reply.headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def code_text(text: str) -> str:
    """A code as the mall wrote it, if it looks like one: nothing else may enter an error."""
    text = text.strip()
    return text if _CODE.fullmatch(text) else UNREADABLE_CODE


def _root(reply: Reply, keep: frozenset[str]) -> Node | None:
    try:
        return read_xml(reply.body, keep)
    except Unreadable:
        return None


def _code(reply: Reply, root: Node | None) -> str:
    """The one code of a reply; "" for a good one. Contract 3.1, shapes a to i."""
    if root is not None and root.name == "Error":
        native, message = root.text_of("Code"), root.text_of("Message")
    else:
        native, message = _json_code(reply.body), ""
    if native:
        return code_text(native)
    told = f"{reply.headers.get('www-authenticate', '')} {message}"
    if reply.status in {401, 403} and "insufficient_scope" in told:
        return "insufficient_scope"
    if reply.status == 401:
        return "invalid_token" if "invalid_token" in told else "http-401"
    if reply.status == 403:
        return FORBIDDEN_CODE
    if not 200 <= reply.status < 300:
        return f"http-{reply.status}"
    if root is None or root.name not in _GOOD_ROOTS:
        return UNREADABLE_CODE
    return _refused_result(root)


def _refused_result(root: Node) -> str:
    """Shape f: HTTP 200 whose Status is not OK. A result row's own ErrorCode is no such thing."""
    # orderList's root is the Result itself.
    result = root if root.name == "Result" else root.first("Result")
    if result is None or result.text_of("Status") != "NG":
        return ""
    error = result.first("Error")
    return code_text(error.text_of("Code")) if error is not None else "ng"


class _JsonError(msgspec.Struct, rename="pascal"):
    """Shape i; its texts come alone or as a list of one."""

    code: str | list[str] = ""


class _JsonBody(msgspec.Struct, rename="pascal"):
    error: _JsonError


def _json_code(body: bytes) -> str:
    if not body.lstrip().startswith(b"{"):
        return ""
    try:
        code = msgspec.json.decode(body, type=_JsonBody).error.code
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    if isinstance(code, list):
        code = code[0] if code else ""
    return code
