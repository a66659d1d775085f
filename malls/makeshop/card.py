"""What MakeShop is, as data: rates, limits, credential fields, switches and addresses.

Sources and confidence marks of each figure: docs/malls/makeshop.md.
"""

from collections.abc import Mapping

from msgspec import structs

from engine.connector import Card, CredentialField, Rate, WriteKind

PATH = "/v1/graphql"
"""The one endpoint, under the base_url."""

BUCKET = "shop"
"""All calls share one pace: no limit is published, and the old API took one call a second."""

PAGE_MAX = 200
"""Rows asked for per page: a live shop gives no more, whatever is asked."""

QUANTITY_MODE = "quantity_mode"
"""The switch: `probe` (default: nothing is written before the probe has told), `absolute` or
`relative`: what the mall does with `quantity_type`."""
QUANTITY_TYPE = "quantity_type"
"""The switch: the quantityCalculationType sent, 1; no other value is public."""
PROBE_ITEM = "probe_item"
"""The switch: the item the probe may change, `CODE` or `CODE/VARIATION`."""
LISTING_CODE = "listing_code"
"""The switch: `custom` (default: the merchant's own item code names a listing, MakeShop's where
there is none) or `system` (always MakeShop's, should own codes not be unique)."""
LIST_INPUTS = "list_inputs"
"""The switch: `list` (default) or `single`: whether the schema takes lists of codes."""

PROBE, ABSOLUTE, RELATIVE = "probe", "absolute", "relative"

CARD = Card(
    kind="makeshop",
    title="MakeShop",
    # As long as the probe has not told. The lane asks `card_for`.
    write_kind=WriteKind.GUARDED,
    push_rows_max=100,
    read_rows_max=100,
    fetch_orders_max=100,
    # The list tells every line, so that orders just listed cost no call at all.
    fetch_is_bulk=True,
    order_window_days_max=31.0,
    rates=(Rate(bucket=BUCKET, calls=1, per_s=1.0),),
    credential_fields=(
        CredentialField("token", "パーマネントトークン（PAT.…）", "Permanent token (PAT. ...)"),
        CredentialField("api_key", "APIキー（x-api-key）", "API key (x-api-key)"),
        CredentialField(
            "endpoint",
            "エンドポイントURL（メールで届いたものが既定と異なる場合のみ）",
            "Endpoint URL (only if the one e-mailed to you is not the usual one)",
            is_secret=False,
            is_required=False,
        ),
        CredentialField(
            "token_expires_on",
            "トークンの有効期限（期限があるときだけ、例 2026-12-31）",
            "The token's last day (2026-12-31), only if it has one",
            is_secret=False,
            is_required=False,
        ),
    ),
    base_url="https://app-api.makeshop.jp",
    order_conditions=(
        "入金前・発送前・発送済み・返品を含むすべての注文を注文日時で取り込みます。"
        "キャンセルになった注文と配送先は 0 個として数えます。"
    ),
    order_conditions_en=(
        "Every order by its date, unpaid, unshipped, shipped and returned ones included; a"
        " cancelled order, or a cancelled delivery of one, counts as 0 units."
    ),
    key_renewal=(
        "パーマネントトークンに期限はありません。ショップ管理画面の「アプリ管理 / API利用設定」で"
        "確認・再発行し、「zaiko key set」で登録してください。受注・商品・在庫の権限が必要です。"
    ),
    key_renewal_en=(
        "A permanent token does not expire. Look at it, or issue a new one, in the shop's admin"
        " screen, アプリ管理 / API利用設定, and store it with `zaiko key set`. It needs the rights"
        " to orders, products and stock."
    ),
    below_zero="unknown",
    needs_probe=True,
    trial="1",
    poll_calls=(BUCKET,),
    write_calls=(BUCKET, BUCKET),
    read_calls=(BUCKET,),
)


def quantity_mode(switches: Mapping[str, str]) -> str:
    """`probe`, `absolute` or `relative`; anything else is `probe`, which writes nothing."""
    mode = switches.get(QUANTITY_MODE, "").strip().lower()
    return mode if mode in {ABSOLUTE, RELATIVE} else PROBE


def quantity_type(switches: Mapping[str, str]) -> int:
    """The quantityCalculationType to send."""
    text = switches.get(QUANTITY_TYPE, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) == 1 else 1


def card_for(switches: Mapping[str, str]) -> Card:
    """The card as an account's switches make it: relative where the mall adds.

    What was found by one quantityCalculationType says nothing of another; another item is another
    try, should an operator doubt what was found.
    """
    mode = quantity_mode(switches)
    return structs.replace(
        CARD,
        write_kind=WriteKind.RELATIVE if mode == RELATIVE else WriteKind.GUARDED,
        # Where the quantity is overwritten, a read guards each write.
        write_calls=(BUCKET,) if mode == RELATIVE else (BUCKET, BUCKET),
        needs_probe=mode == PROBE,
        trial=f"{quantity_type(switches)} {switches.get(PROBE_ITEM, '').strip()}".strip(),
    )
