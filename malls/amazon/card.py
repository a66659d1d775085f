"""What Amazon.co.jp is, as data: rates, limits, credential fields, addresses and sentences.

Sources and confidence marks of each figure: docs/malls/amazon.md.
"""

from collections.abc import Mapping

from msgspec import structs

from engine.connector import Card, CredentialField, Rate, WriteKind

AUTH_URL = "https://api.amazon.com"
"""Where Login with Amazon gives out access tokens, for every region."""

MARKETPLACE_ID = "A1VC38T7YXB528"
"""Amazon.co.jp, where no other marketplace is stored with the credentials."""

ORDERS_API = "orders_api"
"""The switch: `2026-01-01` (default) or `v0`, the older one, which is taken away in 2027."""

SEARCH_ORDERS = "searchOrders"
GET_ORDER = "getOrder"
GET_ORDERS_V0 = "getOrders-v0"
GET_ORDER_V0 = "getOrder-v0"
GET_ITEMS_V0 = "getOrderItems-v0"
PATCH_LISTING = "patchListingsItem"
GET_LISTING = "getListingsItem"
SEARCH_LISTINGS = "searchListingsItems"
CREATE_FEED_DOCUMENT = "createFeedDocument"
CREATE_FEED = "createFeed"
GET_FEED = "getFeed"
GET_FEED_DOCUMENT = "getFeedDocument"
FEED_FILE = "feed-file"
LWA = "lwa"

ORDERS_PAGE_MAX = 100
"""Orders of one list page."""
LISTINGS_PAGE_MAX = 20
"""Listings of one search page, and identifiers of one search."""
LEAD_TIME_DAYS_MAX = 30
"""The longest lead time (出荷作業日数) the mall takes."""
FEED_ROWS_MAX = 25_000
"""Messages of one feed, as the mall takes them."""
FEED_ROWS = 12_500
"""Messages of one feed, as they are handed in: all of them are looked at first, twenty a call. That
takes as long as createFeed's own rate asks for between two feeds.
"""
FEED_FROM = 300
"""Single writes take about a minute for so many; a feed takes minutes however few they are."""
FEED_SEND_S = 300.0
"""The looks take 125 s for a whole feed; a longer wait would make them, and the values, old."""
FEED_S = 7_200.0
"""Feeds take minutes; hours are reported of bad days (?)."""
FEED_BYTES_MAX = 10 * 1024 * 1024
"""Size of one feed's file."""

VISIBLE_AFTER_S = 120.0
"""An upper bound of an order search must lie this far in the past."""
SECRET_LIFE_S = 180 * 86_400.0
"""A client secret's life from the day it was issued."""

RATES = (
    # Each rate as published. One turn less of a burst: replies jitter, and a 429 costs a whole
    # interval.
    Rate(bucket=SEARCH_ORDERS, calls=0.0056, per_s=1.0, burst=19),
    Rate(bucket=GET_ORDER, calls=0.5, per_s=1.0, burst=29),
    Rate(bucket=GET_ORDERS_V0, calls=0.0167, per_s=1.0, burst=19),
    Rate(bucket=GET_ORDER_V0, calls=0.5, per_s=1.0, burst=29),
    Rate(bucket=GET_ITEMS_V0, calls=0.5, per_s=1.0, burst=29),
    Rate(bucket=PATCH_LISTING, calls=5, per_s=1.0, burst=4),
    Rate(bucket=GET_LISTING, calls=5, per_s=1.0, burst=4),
    Rate(bucket=SEARCH_LISTINGS, calls=5, per_s=1.0, burst=4),
    Rate(bucket=CREATE_FEED_DOCUMENT, calls=0.5, per_s=1.0, burst=14),
    # createFeed's own burst is 15, but only 5 listing feeds are taken in 5 minutes.
    Rate(bucket=CREATE_FEED, calls=0.0083, per_s=1.0, burst=4),
    Rate(bucket=GET_FEED, calls=2, per_s=1.0, burst=14),
    Rate(bucket=GET_FEED_DOCUMENT, calls=0.0222, per_s=1.0, burst=9),
    # Nothing is published for the file store and the token endpoint.
    Rate(bucket=FEED_FILE, calls=2, per_s=1.0),
    Rate(bucket=LWA, calls=1, per_s=1.0),
)

INTERVAL_S: Mapping[str, float] = {rate.bucket: rate.per_s / rate.calls for rate in RATES}
"""How long one call of a bucket takes to come back, by the published rate."""

CARD = Card(
    side_settings=("lead_time_days", "restock_date"),
    lead_time_days_max=LEAD_TIME_DAYS_MAX,
    kind="amazon",
    title="Amazon.co.jp",
    write_kind=WriteKind.ANCHORED,
    push_rows_max=1,
    read_rows_max=LISTINGS_PAGE_MAX,
    # A list page brings its orders' lines along, so that most orders read cost no call at all.
    fetch_orders_max=20,
    fetch_is_bulk=True,
    # No longest window is published; one list is better than several at a token each.
    order_window_days_max=365.0,
    rates=RATES,
    credential_fields=(
        CredentialField(
            "seller_id", "出品者ID(マーチャントトークン)", "Merchant token", is_secret=False
        ),
        CredentialField(
            "marketplace_id",
            f"マーケットプレイスID(空欄なら {MARKETPLACE_ID})",
            f"Marketplace id (empty: {MARKETPLACE_ID})",
            is_secret=False,
            is_required=False,
        ),
        CredentialField("client_id", "LWAクライアントID", "LWA client id"),
        CredentialField("client_secret", "LWAクライアントシークレット", "LWA client secret"),
        CredentialField(
            "refresh_token",
            "リフレッシュトークン(Atzr|で始まる)",
            "Refresh token (begins with Atzr|)",
        ),
        CredentialField(
            "secret_issued_on",
            "クライアントシークレットの発行日(YYYY-MM-DD、期限の警告に使用)",
            "Day the client secret was issued (YYYY-MM-DD, for the warning before it ends)",
            is_secret=False,
            is_required=False,
        ),
    ),
    base_url="https://sellingpartnerapi-fe.amazon.com",
    order_conditions=(
        "出品者出荷(MFN)の注文を、保留中(コンビニ払いの支払い待ちなど)を含むすべてのステータスから"
        "取り込みます。FBA(AFN)の注文は数えません。キャンセルになった注文は 0 個として数えます。"
        "購入者のキャンセル依頼だけでは在庫を戻しません。"
    ),
    order_conditions_en=(
        "Merchant-fulfilled orders of every status are taken, pending ones (such as unpaid"
        " convenience-store orders) included; FBA orders never. A cancelled order counts as 0"
        " units; a buyer's mere request to cancel gives nothing back."
    ),
    key_renewal=(
        "クライアントシークレットは180日で切れます。セラーセントラルの「アプリとサービス > アプリの"
        "開発」でシークレットを更新し、リフレッシュトークンは同じ画面の「承認」で発行して、"
        "`zaiko key set` で登録してください(古いシークレットは更新後7日間使えます)。"
    ),
    key_renewal_en=(
        "The client secret lives 180 days. Rotate it in Seller Central, Apps and Services >"
        " Develop Apps; a refresh token is issued there by Authorize. Store them with"
        " `zaiko key set`; the old secret works for 7 more days."
    ),
    # The list of 2026-01-01 tells milliseconds, the older one whole seconds.
    stamp_resolution_s=1.0,
    below_zero="refuses",
    stale_s=600.0,
    live_s=600.0,
    rate_header="x-amzn-ratelimit-limit",
    lists_changes=True,
    poll_distance_s=INTERVAL_S[SEARCH_ORDERS],
    poll_calls=(SEARCH_ORDERS,),
    # The look (FBA is never written to) and the write.
    write_calls=(GET_LISTING, PATCH_LISTING),
    read_calls=(SEARCH_LISTINGS,),
    poll_hint=(
        'orders_api = "v0" なら 1 分ごとに取得できますが、新しい注文 1 件ごとに 2 秒の呼び出しが'
        "要り、2027-03-27 に終了する API です。Amazon の通知(ORDER_CHANGE)は AWS のキューが必要な"
        "ため、zaiko は対応していません。"
    ),
    poll_hint_en=(
        'orders_api = "v0" may be polled each minute, but each new order costs a call of 2 s, and'
        " that API ends on 2027-03-27. Amazon's own notifications (ORDER_CHANGE) need a queue at"
        " AWS, which zaiko does not support."
    ),
    feed_calls=(CREATE_FEED,),
    feed_rows_max=FEED_ROWS,
    feed_from=FEED_FROM,
    feed_send_s=FEED_SEND_S,
    feed_s=FEED_S,
)


def is_v0(switches: Mapping[str, str]) -> bool:
    """Whether orders are read by the older API."""
    return switches.get(ORDERS_API, "").strip() == "v0"


def card_for(switches: Mapping[str, str]) -> Card:
    """The card of an account: the older order list may be asked more often."""
    if not is_v0(switches):
        return CARD
    return structs.replace(
        CARD,
        poll_distance_s=INTERVAL_S[GET_ORDERS_V0],
        poll_calls=(GET_ORDERS_V0,),
        order_calls=(GET_ITEMS_V0,),
        poll_hint=(
            'この API は 2027-03-27 に終了します。それまでに orders_api = "2026-01-01" に'
            "変えてください(受注取得は約 179 秒ごとになります)。"
        ),
        poll_hint_en=(
            'This API ends on 2027-03-27: change to orders_api = "2026-01-01" before, which may'
            " be polled about every 179 s."
        ),
    )


def speed_of(switches: Mapping[str, str]) -> float:
    """By how much a sandbox's mall time runs faster; 1 at the real mall."""
    try:
        speed = float(switches.get("speed", "") or "1")
    except ValueError:
        return 1.0
    return speed if 0 < speed < 1e6 else 1.0
