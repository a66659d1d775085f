"""au PAY's error table as data, and how a failed reply becomes one code.

The operator's list of codes is not public, so the table is short: a code it does not have is read
by the words of its message (never repeated anywhere), then by the HTTP status, and is unclassified
after that. The body is read first whatever the status: failures come both ways. No text of the
mall enters an error, only a code that looks like one. Facts: docs/malls/aupay.md.
"""

import re
from collections.abc import Sequence

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
from malls.aupay.wire import Node, Unreadable, read_xml

UNREADABLE_CODE = "unreadable"
NO_CREDENTIALS_CODE = "no-credentials"
CALL_ERROR_CODE = "call-error"
ITEM_ERROR_CODE = "item-error"
BAD_CODE_CODE = "bad-code"
BAD_QUANTITY_CODE = "bad-quantity"
AMBIGUOUS_CODE = "ambiguous-choice"
NO_CHOICE_CODE = "no-choice"

_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_ENVELOPE = frozenset({"result", "status", "error", "code", "message"})
_NOT_TAKEN_STATUSES = frozenset({401, 403, 404, 405, 413, 414, 415, 429, 503})
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


KEY_REFUSED = _halt(
    FaultKind.CREDENTIALS,
    "au PAY マーケットがAPIキーを受け付けません（期限切れか誤りです）。",
    "Wow!manager の「各種お申し込み > API利用申請」でキーと有効期限を確かめ、"
    "「zaiko key set」で登録してからエラーを削除してください。",
    "au PAY Market does not accept the API key (expired or wrong).",
    "Check the key and its last day in Wow!manager, 各種お申し込み > API利用申請, store it with"
    " `zaiko key set`, then clear the error.",
)
ADDRESS_REFUSED = _halt(
    FaultKind.CREDENTIALS,
    "au PAY マーケットに接続を拒否されました（接続元IPアドレスが未登録か、キーが無効です）。",
    "Wow!manager の「各種お申し込み > API利用申請」で固定IPアドレスとAPIキーの有効期限を"
    "確かめ、エラーを削除してください。",
    "au PAY Market refuses the connection (this IP address is not registered, or the key is dead).",
    "Check the registered IP address and the key's last day in Wow!manager, 各種お申し込み >"
    " API利用申請, then clear the error.",
)
SHOP_MISSING = _halt(
    FaultKind.CONFIGURATION,
    "会員番号（店舗ID）が設定されていないか、正しくありません。",
    "「zaiko key set」で会員番号を登録し直してください。",
    "The shop id (member number) is missing or wrong.",
    "Store the shop id again with `zaiko key set`.",
)
NO_CREDENTIALS = _halt(
    FaultKind.NO_CREDENTIALS,
    "au PAY マーケットの認証情報が足りません。",
    "「zaiko key set」で会員番号とAPIキーを登録してください。",
    "Credentials of au PAY Market are missing.",
    "Store the shop id and the API key with `zaiko key set`.",
)
MAINTENANCE = _passing(
    FaultKind.MAINTENANCE,
    "au PAY マーケットがメンテナンス中です。",
    "au PAY Market is under maintenance.",
)
TOO_MANY = _passing(FaultKind.RATE_LIMIT, "呼び出しが多すぎます。", "Too many calls.")
BUSY = _passing(
    FaultKind.RATE_LIMIT,
    "au PAY マーケットが混み合っています。",
    "au PAY Market is busy.",
    done=Done.UNKNOWN,
)
SYSTEM = _passing(
    FaultKind.SERVER,
    "au PAY マーケットでシステムエラーが起きました。",
    "System error at au PAY Market.",
    done=Done.UNKNOWN,
)
BODY_UNREADABLE = _passing(
    FaultKind.UNREADABLE,
    "au PAY マーケットの応答を読み取れません。",
    "The answer of au PAY Market cannot be read.",
    done=Done.UNKNOWN,
)
OUR_REQUEST = _passing(
    FaultKind.REQUEST,
    "zaikoの要求が正しくありません（不具合の可能性があります）。",
    "zaiko's own request was wrong (probably a bug).",
    hint="コードを控えて開発元へ知らせてください。",
    hint_en="Report the code to the makers.",
)
ITEM_REFUSED = _passing(
    FaultKind.BAD_ITEM,
    "モールがこの商品の在庫更新を受け付けません。",
    "The mall refuses to take this item's quantity.",
    hint="Wow!manager で商品と在庫の登録方法（通常・選択肢別）を確かめ、取り込み直してください。",
    hint_en="Look at the item and how its stock is registered (plain or by choice) in Wow!manager,"
    " then import the mall again.",
    is_row=True,
)
ALREADY_REGISTERED = _passing(
    FaultKind.BAD_ITEM,
    "この商品コードはすでに登録されています。",
    "This item code is registered already.",
    hint="Wow!manager で商品コードの重複を確かめてください。",
    hint_en="Look for a double item code in Wow!manager.",
    is_row=True,
)
BAD_CODE = _passing(
    FaultKind.BAD_ITEM,
    "商品コードに送信できない文字があります。",
    "The item code holds a character that cannot be sent.",
    hint="Wow!manager で商品コードと選択肢コードを直し、取り込み直してください。",
    hint_en="Correct the item code and choice codes in Wow!manager and import the mall again.",
    is_row=True,
)
BAD_QUANTITY = _passing(
    FaultKind.BAD_ITEM,
    "在庫数がモールの上限を超えています。",
    "The quantity is beyond the mall's limit.",
    hint="設定の cap（上限在庫数）をモールの上限以下にしてください。",
    hint_en="Set `cap` to the mall's limit or less.",
    is_row=True,
)
AMBIGUOUS = _passing(
    FaultKind.BAD_ITEM,
    "選択肢コードをつなげると同じになる選択肢が複数あり、どれか区別できません。",
    "Several choices of the item have the same joined code, so they cannot be told apart.",
    hint="Wow!manager で横軸・縦軸の選択肢コードを区別できるように直し、取り込み直してください。",
    hint_en="Change the choice codes in Wow!manager so that they differ when joined, then import"
    " the mall again.",
    is_row=True,
)
NO_CHOICE = _passing(
    FaultKind.GONE,
    "モールにこの選択肢がありません。",
    "The mall does not have this choice of the item.",
    hint="商品を取り込み直し、紐づけを確かめてください。",
    hint_en="Import the mall again and check the link.",
    is_row=True,
)

TABLE: ErrorTable = {
    # The two codes that were ever seen in public.
    (None, "CME0021"): SHOP_MISSING,
    (None, "PME0106"): ALREADY_REGISTERED,
    # No code of the mall: the HTTP status.
    (None, "http-401"): KEY_REFUSED,
    (None, "http-403"): ADDRESS_REFUSED,
    (None, "http-404"): OUR_REQUEST,
    (None, "http-405"): OUR_REQUEST,
    (None, "http-408"): SYSTEM,
    (None, "http-413"): OUR_REQUEST,
    (None, "http-429"): TOO_MANY,
    (None, "http-503"): MAINTENANCE,
    (None, UNREADABLE_CODE): BODY_UNREADABLE,
    # A row's error without a code that looks like one.
    (None, ITEM_ERROR_CODE): ITEM_REFUSED,
    # zaiko's own, before anything is sent.
    (None, NO_CREDENTIALS_CODE): NO_CREDENTIALS,
    (None, BAD_CODE_CODE): BAD_CODE,
    (None, BAD_QUANTITY_CODE): BAD_QUANTITY,
    (None, AMBIGUOUS_CODE): AMBIGUOUS,
    (None, NO_CHOICE_CODE): NO_CHOICE,
}

WORDS: Sequence[tuple[tuple[str, ...], FaultSpec]] = (
    # The first line that fits counts: a maintenance notice may speak of access, and an access
    # that is not allowed of access as well.
    (("メンテナンス",), MAINTENANCE),
    (("IPアドレス", "ＩＰアドレス"), ADDRESS_REFUSED),
    (("認証", "APIキー", "ＡＰＩキー", "有効期限", "権限"), KEY_REFUSED),
    (("混雑", "アクセス", "しばらく"), BUSY),
)
"""What a message means whose code nobody knows (?)."""


def read_reply(reply: Reply, family: Family, keep: frozenset[str]) -> Node:
    """The body of a good answer (its named elements); anything else raises `MallError`."""
    root = _root(reply, keep | _ENVELOPE)
    if root is None or not _is_good(reply, root):
        raise failure(reply, family, root)
    return root


def read_write(reply: Reply, family: Family, keep: frozenset[str]) -> Node:
    """As `read_reply`, but an answer that tells of each row is good also where one was refused."""
    root = _root(reply, keep | _ENVELOPE)
    is_by_row = root is not None and root.name == "response" and root.first("updateResult")
    if root is None or not (is_by_row or _is_good(reply, root)):
        raise failure(reply, family, root)
    return root


def failure(reply: Reply, family: Family, root: Node | None) -> MallError:
    """The error of a reply that is not good, and whether the call may have been done."""
    native, words, is_told = "", "", False
    if root is not None and root.name == "response":
        native, words = _told(root)
        is_told = root.first("result") is not None
    is_refused = not 200 <= reply.status < 300
    by_status = f"http-{reply.status}" if is_refused else ""
    code = native or by_status or (CALL_ERROR_CODE if is_told else UNREADABLE_CODE)
    spec = spec_of(family, code, words)
    if spec is UNCLASSIFIED and is_refused:
        spec = classify(TABLE, family, by_status)
        if spec is UNCLASSIFIED and reply.status >= 500:
            spec = SYSTEM
    done = Done.NOT_DONE if reply.status in _NOT_TAKEN_STATUSES else spec.done
    return MallError(spec, family=family, code=code, retry_after_s=_retry_after(reply), done=done)


def spec_of(family: Family, code: str, words: str) -> FaultSpec:
    """What a code means: by the table, else by the words that came with it, else unknown."""
    spec = classify(TABLE, family, code)
    if spec is UNCLASSIFIED:
        return next((meant for some, meant in WORDS if any(one in words for one in some)), spec)
    return spec


def refuse(code: str, family: Family, *, subject: str = "", done: Done | None = None) -> MallError:
    """An error of ours that no reply belongs to."""
    spec = classify(TABLE, family, code)
    return MallError(spec, family=family, code=code, subject=subject, done=done)


def errors_of(node: Node) -> tuple[str, str]:
    """(first code that looks like one, all messages) of the errors right below a node.

    Both the error and its code may come several times.
    """
    code = ""
    words: list[str] = []
    for error in node.all("error"):
        for one in error.all("code"):
            code = code or (one.text if _CODE.fullmatch(one.text) else "")
        words.extend(one.text for one in error.all("message"))
    return code, "\n".join(words)


def _told(root: Node) -> tuple[str, str]:
    """The errors of the envelope, wherever the mall put them."""
    result = root.first("result")
    code, words = errors_of(result) if result is not None else ("", "")
    outside, more = errors_of(root)
    return code or outside, f"{words}\n{more}".strip()


def _is_good(reply: Reply, root: Node) -> bool:
    if not 200 <= reply.status < 300 or root.name != "response":
        return False
    result = root.first("result")
    return result is not None and result.text_of("status") == "0"


def _root(reply: Reply, keep: frozenset[str]) -> Node | None:
    try:
        return read_xml(reply.body, keep)
    except Unreadable:
        return None


def _retry_after(reply: Reply) -> float | None:
    text = reply.headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
