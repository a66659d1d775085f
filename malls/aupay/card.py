"""What au PAY Market is, as data: rates, limits, credential fields, switches and addresses.

Sources and confidence marks of each figure: docs/malls/aupay.md.
"""

from collections.abc import Mapping

from msgspec import structs

from engine.connector import Card, CredentialField, Rate, WriteKind

CALLS = "/wmshopapi/"
"""Where all calls live under the base_url; the method is the last part of the path."""

BUCKET = "shop"
"""All calls of a shop share one pace: no limit is published, and clients are serial."""

ORDER_PAGE_MAX = 500
"""Orders asked for per page; clients use 1000, 500 and 100."""
STOCK_PAGE_MAX = 500
"""Items searchStocks gives per page at most; left out it is 10."""
QUANTITY_MAX = 99_999
"""The largest quantity of an item, and of a choice unless `choice_quantity_max` says less."""
STALE_S = 600.0
"""How old a read may be, and how long a write may take to show, where `reads` is stale."""

READS = "reads"
"""The switch: `live` (default: guarded writes) or `stale` (anchored ones)."""
ABSENT_AXIS = "absent_axis"
"""The switch: `echo` (default: the unused axis goes back as it was read) or `omit`."""
ORDER_CHOICES = "order_choices"
"""The switch: `lookup` (default: an order line's choice is compared with the item's choices) or
`suffix` (its itemManagementId is taken as it stands)."""
CHOICE_QUANTITY_MAX = "choice_quantity_max"
"""The switch: the largest quantity of a choice, 99999; an old limit may have been 999."""
STATUSES_NOT_COUNTED = "statuses_not_counted"
"""The switch: order statuses that take no stock, with commas; default none."""

CARD = Card(
    kind="aupay",
    title="au PAY マーケット",
    write_kind=WriteKind.GUARDED,
    push_rows_max=200,
    read_rows_max=200,
    fetch_orders_max=100,
    # The list tells every line, so that orders just listed cost no call at all.
    fetch_is_bulk=True,
    order_window_days_max=31.0,
    rates=(Rate(bucket=BUCKET, calls=1, per_s=1.0),),
    credential_fields=(
        CredentialField(
            "shop_id", "会員番号（店舗ID）", "Shop id (member number)", is_secret=False
        ),
        CredentialField("api_key", "APIキー", "API key"),
        CredentialField(
            "key_expires_on",
            "APIキーの有効期限（例 2026-12-31。Wow!manager の画面に表示されます）",
            "The API key's last day (2026-12-31), as Wow!manager shows it",
            is_secret=False,
            is_required=False,
        ),
    ),
    base_url="https://api.manager.wowma.jp",
    order_conditions=(
        "新規受付・予約・入金待ち・与信待ち・発送待ち・保留・審査中・完了と、店舗独自のステータスの"
        "すべての注文を注文日で取り込みます。キャンセルと審査NGは 0 個として数えます。"
    ),
    order_conditions_en=(
        "Every order by its date, whatever its status, the shop's own statuses and fraud review"
        " included; a cancelled one and one that failed the review count as 0 units."
    ),
    key_renewal=(
        "APIキーは発行から90日で切れます。Wow!manager の「各種お申し込み > API利用申請」で発行し、"
        "「zaiko key set」で登録してください。同じ画面に接続元の固定IPアドレスも登録します。"
    ),
    key_renewal_en=(
        "The API key ends 90 days after its issue: issue a new one in Wow!manager, 各種お申し込み >"
        " API利用申請, and store it with `zaiko key set`. This machine's fixed IP address is"
        " registered on the same screen."
    ),
    stamp_resolution_s=60.0,
    poll_calls=(BUCKET,),
    # Read and write: there is nothing relative. Rows whose items stand apart cost more reads.
    write_calls=(BUCKET, BUCKET),
    read_calls=(BUCKET,),
)


def card_for(switches: Mapping[str, str]) -> Card:
    """The card as an account's switches make it: anchored where its reads turn out to be stale."""
    if switches.get(READS, "").strip().lower() != "stale":
        return CARD
    return structs.replace(
        CARD,
        write_kind=WriteKind.ANCHORED,
        stale_s=STALE_S,
        live_s=STALE_S,
        write_calls=(BUCKET,),
    )


def choice_quantity_max(switches: Mapping[str, str]) -> int:
    """The largest quantity of a choice that is sent."""
    text = switches.get(CHOICE_QUANTITY_MAX, "").strip()
    if text.isascii() and text.isdigit() and len(text) < 6:
        return int(text)
    return QUANTITY_MAX
