"""Rakuten Ichiba's card: limits, rates, credential fields and sentences, as data.

Every number's source and confidence stands in `docs/malls/rakuten.md`.
"""

from collections.abc import Mapping

from engine.connector import Card, CredentialField, Rate, WriteKind

ORDERS = "orders"
STOCK_WRITE = "stock-write"
STOCK_READ = "stock-read"
ITEMS = "items"
LICENCE = "licence"

ORDER_ROWS_MAX = 1000
"""Order numbers one searchOrder page may hold."""
QUANTITY_MAX = 99_999
"""The largest quantity a listing can have."""

CARD = Card(
    kind="rakuten",
    title="楽天市場",
    write_kind=WriteKind.RELATIVE,
    push_rows_max=400,
    read_rows_max=1000,
    fetch_orders_max=100,
    fetch_is_bulk=True,
    # The mall takes 63 days. A day is left over because both ends are widened to whole seconds.
    order_window_days_max=62.0,
    rates=(
        # No order limit is published; clients in the field pause 1 to 1.3 s.
        Rate(bucket=ORDERS, calls=1, per_s=1.1),
        Rate(bucket=STOCK_WRITE, calls=1, per_s=1.1),
        # 5 a second are published, "may be tightened when traffic concentrates".
        Rate(bucket=STOCK_READ, calls=2, per_s=1.0),
        # 5 a second are published, but 429 was seen at half a second.
        Rate(bucket=ITEMS, calls=1, per_s=1.1),
        Rate(bucket=LICENCE, calls=1, per_s=1.1),
    ),
    credential_fields=(
        CredentialField(
            name="service_secret",
            label="サービスシークレット(serviceSecret、SPで始まる)",
            label_en="Service secret (serviceSecret, begins with SP)",
        ),
        CredentialField(
            name="license_key",
            label="ライセンスキー(licenseKey、SLで始まる)",
            label_en="Licence key (licenseKey, begins with SL)",
        ),
    ),
    base_url="https://api.rms.rakuten.co.jp",
    order_conditions=(
        "注文日時を基準に、すべてのステータス(注文確認待ち〜支払手続き済、変更・キャンセル"
        "確定待ちを含む)の受注を取得します。在庫設定のない商品(inventoryType 0)の明細は"
        "数えません。キャンセル確定は取り消しとして数えます。"
    ),
    order_conditions_en=(
        "Orders of every status are taken by order time, changes and cancellations being fixed"
        " included. Lines of items without stock setting (inventoryType 0) do not count; a fixed"
        " cancellation counts as one."
    ),
    key_renewal=(
        "RMSの「店舗様向け情報・サービス > WEB APIサービス > 利用設定・ライセンスキー」で"
        "ライセンスキーを再発行し、`zaiko key set` で登録してください(有効期間90日、再発行と"
        "同時に古いキーは使えなくなり、新しいキーは15〜30分使えないことがあります)。"
    ),
    key_renewal_en=(
        "Issue a new licence key in RMS under the WEB API service's settings and store it with"
        " `zaiko key set`. It lives 90 days; the old one stops at once, and the new one may be"
        " refused for 15 to 30 minutes."
    ),
    stamp_resolution_s=1.0,
    below_zero="refuses",
    # The list and the bulk read of what is new.
    poll_calls=(ORDERS, ORDERS),
    write_calls=(STOCK_WRITE,),
    read_calls=(STOCK_READ,),
)


def card_for(switches: Mapping[str, str]) -> Card:
    """The card of an account: the same, whatever its switches."""
    del switches
    return CARD
