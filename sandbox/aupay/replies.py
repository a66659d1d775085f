"""What a call is answered, and the one table of error codes.

Few codes of the real mall are known. Those marked (?) and all HTTP statuses of refusals are
choices of this sandbox, kept in one place so that they can be corrected. Contract: section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from sandbox.aupay.markup import Dressing, document, leaf, node

MEDIA_TYPE = "application/xml;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class WireError:
    """One `error` element."""

    code: str
    message: str

    def element(self) -> str:
        """As it goes over the wire."""
        return node("error", leaf("code", self.code), leaf("message", self.message))


# -- the call as a whole ---------------------------------------------------------------------------

NO_SHOP = WireError("CME0021", "店舗IDが設定されていません。")
BAD_KEY = WireError("CME9001", "認証に失敗しました。")  # (?)
EXPIRED_KEY = WireError("CME9002", "APIキーの有効期限が切れています。")  # (?)
BAD_IP = WireError("CME9003", "許可されていないIPアドレスです。")  # (?)
WRONG_SHOP = WireError("CME9004", "店舗IDの認証に失敗しました。")  # (?)
BAD_XML = WireError("CME9005", "リクエストの形式が不正です。")  # (?)
NO_METHOD = WireError("CME9006", "指定されたAPIは存在しません。")  # (?)
TOO_MANY = WireError("CME9007", "登録件数が上限を超えています。")  # (?)
MAINTENANCE = WireError("CME9101", "現在メンテナンス中です。")  # (?)
BUSY = WireError("CME9102", "アクセスが混雑しています。しばらくしてから再度お試しください。")  # (?)
SYSTEM_ERROR = WireError("CME9999", "システムエラーが発生しました。")  # (?)
# A stock write that is refused without naming a row.
WHOLE_REFUSED = WireError("PME9990", "商品在庫の更新に失敗しました。")  # (?)

# -- one row of an updateStock ---------------------------------------------------------------------

NO_ITEM = WireError("PME9999", "該当する商品が存在しません。")  # (?)
BAD_SEGMENT = WireError("PME9998", "在庫区分が不正です。")  # (?)
BAD_COUNT = WireError("PME9997", "在庫数が不正です。")  # (?)
NO_CHOICE = WireError("PME9996", "該当する選択肢が存在しません。")  # (?)
BAD_SALE_STATUS = WireError("PME9995", "販売ステータスが不正です。")  # (?)
BAD_CODE = WireError("PME9994", "商品コードが不正です。")  # (?)
CODE_TAKEN = WireError("PME0106", "既に登録されている商品です。")


def missing(name: str) -> WireError:
    """A required parameter is not there (?)."""
    return WireError("CME9011", f"{name}が設定されていません。")


def malformed(name: str) -> WireError:
    """A parameter has a value that it cannot have (?)."""
    return WireError("CME9012", f"{name}の値が不正です。")


def answer(*parts: str, dressing: Dressing) -> Response:
    """A call that was done."""
    body = document(node("result", leaf("status", 0)), *parts, dressing=dressing)
    return Response(body, media_type=MEDIA_TYPE)


def partly(parts: Sequence[str], *, status: int, dressing: Dressing) -> Response:
    """A write of which some rows were refused: status 1, the rows say which."""
    body = document(node("result", leaf("status", 1)), *parts, dressing=dressing)
    return Response(body, status, media_type=MEDIA_TYPE)


def failed(status: int, *errors: WireError) -> Response:
    """A call that was refused as a whole."""
    inside = [leaf("status", 1), *(error.element() for error in errors)]
    return Response(document(node("result", *inside)), status, media_type=MEDIA_TYPE)


def web_page(status: int, title: str) -> Response:
    """What a machine in front of the API says."""
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Response(page.encode(), status, media_type="text/html; charset=UTF-8")
