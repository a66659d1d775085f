"""What Yahoo! Shopping is, as data: rates, limits, credential fields, switches and addresses.

Sources and confidence marks of each figure: docs/malls/yahoo.md.
"""

from collections.abc import Mapping

from engine.connector import Card, CredentialField, Rate, WriteKind

CALLS = "/ShoppingWebService/V1/"
"""Where all store calls live under the base_url."""

AUTH_URL = "https://auth.login.yahoo.co.jp"
"""The real token and consent endpoints; also for Yahoo's own test host."""

YAHOO_HOST_END = ".shopping.yahooapis.jp"
"""A base_url on such a host is Yahoo itself; any other is a sandbox with its own endpoints."""

REDIRECT_URI = "http://localhost/zaiko"
"""Where the consent page sends the browser if no `redirect_uri` is stored. Nothing listens there:
the operator copies the code out of the address bar."""

CONSENT_LIFE_S = 28 * 86_400.0
"""A refresh token's life from the consent; using it does not prolong it."""

FORBIDDEN_PAUSE_S = 60.0
"""The wait after a 403 without a code (daily quota, or a client ID Yahoo does not know)."""

ENDPOINT_S = 1.1
"""One call an endpoint in this time: the published second and what operators add to it."""

ENDPOINTS = (
    "orderList",
    "orderInfo",
    "orderCount",
    "setStock",
    "getStock",
    "myItemList",
    "getItem",
    "token",
)
"""One pacing bucket each ("the same URL"); named as the path ends."""

CARD = Card(
    side_settings=("overdraft",),
    kind="yahoo",
    title="Yahoo!ショッピング",
    write_kind=WriteKind.RELATIVE,
    push_rows_max=1000,
    read_rows_max=1000,
    fetch_orders_max=20,
    fetch_is_bulk=False,
    order_window_days_max=60.0,
    rates=tuple(Rate(bucket=name, calls=1.0, per_s=ENDPOINT_S) for name in ENDPOINTS),
    credential_fields=(
        CredentialField("seller_id", "ストアアカウント", "Store account", is_secret=False),
        CredentialField("client_id", "Client ID（アプリケーションID）", "Client ID"),
        CredentialField("client_secret", "シークレット", "Client secret"),
        # Not required: the first one comes from `key renew`, which needs the others stored.
        CredentialField(
            "refresh_token",
            "リフレッシュトークン（zaiko key renew で取得できます）",
            "Refresh token (`zaiko key renew` obtains it)",
            is_required=False,
        ),
        CredentialField("public_key", "公開鍵（PEM または Base64）", "Public key (PEM or base64)"),
        CredentialField(
            "public_key_version", "公開鍵バージョン", "Public key version", is_secret=False
        ),
        CredentialField(
            "public_key_expires_on",
            "公開鍵の有効期限（YYYY-MM-DD、期限前の警告用）",
            "Last day of the public key (YYYY-MM-DD, for the warning before it ends)",
            is_secret=False,
            is_required=False,
        ),
        CredentialField(
            "redirect_uri",
            f"コールバックURL（空欄なら {REDIRECT_URI}）",
            f"Callback URL (empty: {REDIRECT_URI})",
            is_secret=False,
            is_required=False,
        ),
    ),
    base_url="https://circus.shopping.yahooapis.jp",
    order_conditions=(
        "予約中・処理中・保留・完了のすべての注文を、注文直後（購入者のキャンセル可能時間内）から"
        "取り込みます。キャンセルになった注文は 0 個として数えます。"
    ),
    order_conditions_en=(
        "Every order, pre-ordered, in process, on hold or completed, from the moment it is placed"
        " (also inside the buyer's cancel window); a cancelled one counts as 0 units."
    ),
    key_renewal=(
        "アクセス許可は約4週間で切れます。「zaiko key renew」で表示される同意画面を開き、コードを"
        "入力してください。公開鍵はストアクリエイターProの「設定 > 暗号鍵管理」で年1回発行します。"
    ),
    key_renewal_en=(
        "The consent lasts about four weeks: run `zaiko key renew`, open the page it prints and"
        " enter the code. The public key is issued once a year in Store Creator Pro, 設定 >"
        " 暗号鍵管理."
    ),
    below_zero="unknown",
    poll_calls=("orderList",),
    order_calls=("orderInfo",),
    write_calls=("setStock",),
    read_calls=("getStock",),
)


def card_for(switches: Mapping[str, str]) -> Card:
    """The card of an account: the same, whatever its switches."""
    del switches
    return CARD


def speed_of(switches: Mapping[str, str]) -> float:
    """By how much a sandbox's mall time runs faster; 1 at the real mall."""
    try:
        speed = float(switches.get("speed", "") or "1")
    except ValueError:
        return 1.0
    return speed if speed > 0 else 1.0
