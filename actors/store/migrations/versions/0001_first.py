"""The first schema: accounts, catalogue, links, states, orders, ledger, faults, imports."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Brings an empty database to 0001."""
    _breaker()
    _counter()
    _fault()
    _feed()
    _import_job()
    _import_change()
    _link()
    _link_rule()
    _listing()
    _listing_push()
    _mall()
    _movement()
    _offer_rule()
    _parked_order()
    _reflect_job()
    _rule_key()
    _sale_order()
    _sheet_job()
    _sheet_row()
    _sku()
    _waiting_line()


def _breaker() -> None:
    op.create_table(
        "breaker",
        sa.Column("mall_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("sent_to_zero", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("waiting_to_zero", sa.Integer(), nullable=False),
        sa.Column("grown", _ROW_ID, nullable=False),
        sa.Column("trip", sa.Integer(), nullable=False),
        sa.Column("tripped_at", sa.Float(), nullable=True),
        sa.Column("live_listings", sa.Integer(), nullable=False),
        sa.Column("live_to_zero", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mall_id"),
    )


def _counter() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", _ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _fault() -> None:
    op.create_table(
        "fault",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("mall_id", sa.Integer(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("message_en", sa.Text(), nullable=False),
        sa.Column("hint_en", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_seen", sa.Float(), nullable=False),
        sa.Column("last_seen", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "fault_open", "fault", ["identity"], unique=True, sqlite_where=sa.text("state = 'open'")
    )
    op.create_index("fault_subject", "fault", ["state", "mall_id", "subject"], unique=False)


def _feed() -> None:
    op.create_table(
        "feed",
        sa.Column("mall_id", sa.Integer(), nullable=False),
        sa.Column("first_call", _ROW_ID, nullable=False),
        sa.Column("last_call", _ROW_ID, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("t0", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("look_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("mall_id", "first_call"),
    )


def _import_change() -> None:
    op.create_table(
        "import_change",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("job", sa.Integer(), nullable=False),
        sa.Column("listing_id", _ROW_ID, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("change_job", "import_change", ["job", "id"], unique=False)


def _import_job() -> None:
    op.create_table(
        "import_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mall_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.Column("linked", sa.Integer(), nullable=False),
        sa.Column("conflicts", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("is_file", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def _link() -> None:
    op.create_table(
        "link",
        sa.Column("listing_id", _ROW_ID, nullable=False),
        sa.Column("sku_id", _ROW_ID, nullable=False),
        sa.Column("mall_id", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("listing_id", "sku_id"),
    )
    op.create_index("link_sku", "link", ["sku_id", "mall_id"], unique=False)


def _link_rule() -> None:
    op.create_table(
        "link_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mall_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("separator", sa.Text(), nullable=False),
        sa.Column("base_fields", sa.Text(), nullable=False),
        sa.Column("base_separator", sa.Text(), nullable=False),
        sa.Column("folds", sa.Text(), nullable=False),
        sa.Column("made_of", sa.Text(), nullable=False),
        sa.Column("keyed", _ROW_ID, nullable=True),
        sa.Column("is_removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def _listing() -> None:
    op.create_table(
        "listing",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("mall_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("sub_code", sa.Text(), nullable=False),
        sa.Column("native", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sku_code", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("jan", sa.Text(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("axes", sa.Text(), nullable=False),
        sa.Column("overdraft", sa.Boolean(), nullable=True),
        sa.Column("lead_time_days", sa.Integer(), nullable=True),
        sa.Column("restock_date", sa.Text(), nullable=True),
        sa.Column("mall_overdraft", sa.Boolean(), nullable=True),
        sa.Column("mall_lead_time_days", sa.Integer(), nullable=True),
        sa.Column("mall_restock_date", sa.Text(), nullable=True),
        sa.Column("file_quantity", sa.Integer(), nullable=True),
        sa.Column("file_at", sa.Float(), nullable=True),
        sa.Column("is_tracked", sa.Boolean(), nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.Column("is_conflict", sa.Boolean(), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("seen_job", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mall_id", "ref"),
        sqlite_autoincrement=True,
    )
    op.create_index("listing_folded", "listing", ["folded"], unique=False)


def _listing_push() -> None:
    op.create_table(
        "listing_push",
        sa.Column("listing_id", _ROW_ID, nullable=False),
        sa.Column("mall_id", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=True),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("plain_after", sa.Float(), nullable=True),
        sa.Column("push_at", sa.Float(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.Float(), nullable=True),
        sa.Column("reading_end", sa.Float(), nullable=True),
        sa.Column("call_until", sa.Float(), nullable=True),
        sa.Column("call_id", _ROW_ID, nullable=False),
        sa.Column("feed_call", _ROW_ID, nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("settled_quantity", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.Float(), nullable=True),
        sa.Column("proven_at", sa.Float(), nullable=True),
        sa.Column("bulk", sa.Integer(), nullable=False),
        sa.Column("bulk_sent", sa.Integer(), nullable=False),
        sa.Column("reflect", sa.Integer(), nullable=False),
        sa.Column("reflect_held", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("listing_id"),
    )
    for name, columns, where in (
        ("push_call", ["mall_id", "call_until"], "call_until IS NOT NULL"),
        ("push_due", ["mall_id", "priority", "push_at"], "push_at IS NOT NULL"),
        ("push_feed", ["mall_id", "feed_call"], "feed_call <> 0"),
        ("push_held", ["mall_id", "held"], "held <> 0"),
        ("push_read", ["mall_id", "read_at"], "read_at IS NOT NULL"),
        ("push_reading", ["mall_id", "reading_end"], "reading_end IS NOT NULL"),
        ("push_reflect", ["reflect", "listing_id"], "reflect <> 0"),
    ):
        op.create_index(name, "listing_push", columns, unique=False, sqlite_where=sa.text(where))


def _mall() -> None:
    op.create_table(
        "mall",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("is_halted", sa.Boolean(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("owes_audit", sa.Boolean(), nullable=False),
        sa.Column("offset_s", sa.Float(), nullable=False),
        sa.Column("watermark", sa.Float(), nullable=True),
        sa.Column("window_poll_end", sa.Float(), nullable=True),
        sa.Column("recheck_watermark", sa.Float(), nullable=True),
        sa.Column("is_last_poll_ok", sa.Boolean(), nullable=False),
        sa.Column("last_poll_at", sa.Float(), nullable=True),
        sa.Column("last_push_at", sa.Float(), nullable=True),
        sa.Column("cursor", _ROW_ID, nullable=False),
        sa.Column("key_expires_at", sa.Float(), nullable=True),
        sa.Column("warned_days", sa.Integer(), nullable=True),
        sa.Column("credentials_version", sa.Integer(), nullable=False),
        sa.Column("grace_until", sa.Float(), nullable=True),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("live_at", sa.Float(), nullable=True),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("first_import_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )


def _movement() -> None:
    op.create_table(
        "movement",
        sa.Column("seq", _ROW_ID, nullable=False),
        sa.Column("sku_id", _ROW_ID, nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("mall_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("moment", sa.Float(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(
        "movement_key", "movement", ["key"], unique=True, sqlite_where=sa.text("key IS NOT NULL")
    )
    op.create_index("movement_sku", "movement", ["sku_id", "seq"], unique=False)


def _offer_rule() -> None:
    op.create_table(
        "offer_rule",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("mall_id", sa.Integer(), nullable=False),
        sa.Column("sku_id", _ROW_ID, nullable=False),
        sa.Column("buffer", sa.Integer(), nullable=True),
        sa.Column("cap", sa.Integer(), nullable=True),
        sa.Column("floor", sa.Integer(), nullable=True),
        sa.Column("share", sa.Integer(), nullable=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sku_id", "mall_id"),
        sqlite_autoincrement=True,
    )


def _parked_order() -> None:
    op.create_table(
        "parked_order",
        sa.Column("mall_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("listings", sa.Text(), nullable=False),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.Column("is_dismissed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("mall_id", "number"),
        sqlite_with_rowid=False,
    )


def _reflect_job() -> None:
    op.create_table(
        "reflect_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mall_id", sa.Integer(), nullable=True),
        sa.Column("skus", sa.Text(), nullable=False),
        sa.Column("is_diff", sa.Boolean(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("cursor", _ROW_ID, nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("placed", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("unsynced", sa.Integer(), nullable=False),
        sa.Column("shadow", sa.Integer(), nullable=False),
        sa.Column("blocked", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def _rule_key() -> None:
    op.create_table(
        "rule_key",
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("listing_id", _ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "key", "listing_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("rule_key_listing", "rule_key", ["listing_id"], unique=False)


def _sale_order() -> None:
    op.create_table(
        "sale_order",
        sa.Column("mall_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Float(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("mall_id", "number"),
        sqlite_with_rowid=False,
    )


def _sheet_job() -> None:
    op.create_table(
        "sheet_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Float(), nullable=True),
        sa.Column("moment", sa.Float(), nullable=True),
        sa.Column("seq", _ROW_ID, nullable=False),
        sa.Column("touched_at", sa.Float(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("to_zero", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_index("sheet_state", "sheet_job", ["state"], unique=False)


def _sheet_row() -> None:
    op.create_table(
        "sheet_row",
        sa.Column("job", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("subject_id", _ROW_ID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sku_id", _ROW_ID, nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("message_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", "line"),
        sa.UniqueConstraint("job", "subject_id"),
        sqlite_with_rowid=False,
    )


def _sku() -> None:
    op.create_table(
        "sku",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("jan", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.Float(), nullable=True),
        sa.Column("opened_start", sa.Float(), nullable=True),
        sa.Column("opened_end", sa.Float(), nullable=True),
        sa.Column("counted_at", sa.Float(), nullable=True),
        sa.Column("base_listing_id", _ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("folded"),
        sqlite_autoincrement=True,
    )


def _waiting_line() -> None:
    op.create_table(
        "waiting_line",
        sa.Column("mall_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("mall_id", "ref", "number", "line"),
        sqlite_with_rowid=False,
    )
