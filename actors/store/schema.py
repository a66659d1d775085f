"""The tables. Moments of a mall are in that mall's clock; `at` columns are this machine's clock.

Only the inventory actor writes. The ledger (`movement`) is append-only. Keys start with the mall
and keep its own order, so that orders arriving in order append to the end of their tree.
`tests/integration/store` proves that the migrations add up to this.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

METADATA = MetaData()

ROW_ID = BigInteger().with_variant(Integer, "sqlite")

MALL = Table(
    "mall",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("instance", Text, nullable=False),
    Column("is_halted", Boolean, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("owes_audit", Boolean, nullable=False),  # F3: after a halt all is compared
    Column("offset_s", Float, nullable=False),  # mall clock - this clock
    Column("watermark", Float),  # began of the last complete window poll
    Column("window_poll_end", Float),
    Column("recheck_watermark", Float),  # began of the last complete re-read
    Column("is_last_poll_ok", Boolean, nullable=False),
    Column("last_poll_at", Float),
    Column("last_push_at", Float),
    Column("cursor", ROW_ID, nullable=False),  # last movement this mall has looked at
    Column("key_expires_at", Float),
    Column("warned_days", Integer),  # the mark of the key's countdown warned of last
    Column("credentials_version", Integer, nullable=False),
    Column("grace_until", Float),
    Column("terms", Text, nullable=False),  # what its listings were last decided by
    Column("live_at", Float),  # `zaiko live`: it writes although its settings say shadow
    Column("found", Text, nullable=False),  # what a probe of it found, as JSON; "" nothing
    Column("first_import_at", Float),  # when its first import was done (M18)
)

SKU = Table(
    "sku",
    METADATA,
    Column("id", ROW_ID, primary_key=True),
    Column("code", Text, nullable=False),
    Column("folded", Text, nullable=False, unique=True),  # code, case aside
    Column("name", Text, nullable=False),
    Column("jan", Text, nullable=False),
    Column("total", Integer),  # NULL until the opening reading has settled
    Column("started_at", Float),  # F1: a0, in this machine's clock; never moved
    Column("opened_start", Float),  # a of the settled opening reading, in the base mall's clock
    Column("opened_end", Float),  # b of it
    Column("counted_at", Float),  # the instant of the last `stock set`
    Column("base_listing_id", ROW_ID),
    # A deleted SKU's number is never given out again: its past belongs to nobody else.
    sqlite_autoincrement=True,
)

LISTING = Table(
    "listing",
    METADATA,
    Column("id", ROW_ID, primary_key=True),
    Column("mall_id", Integer, nullable=False),
    Column("ref", Text, nullable=False),  # code, unit separator, sub_code
    Column("code", Text, nullable=False),
    Column("sub_code", Text, nullable=False),
    Column("native", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sku_code", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("jan", Text, nullable=False),
    Column("image", Text, nullable=False),
    Column("axes", Text, nullable=False),  # JSON [[name, item, number], ...]
    Column("overdraft", Boolean),
    Column("lead_time_days", Integer),
    Column("restock_date", Text),
    Column("mall_overdraft", Boolean),  # these three: as the mall last had them
    Column("mall_lead_time_days", Integer),
    Column("mall_restock_date", Text),
    Column("file_quantity", Integer),  # what a file said the mall showed: never a total
    Column("file_at", Float),  # when, by this machine's clock
    Column("is_tracked", Boolean, nullable=False),
    Column("is_gone", Boolean, nullable=False),
    Column("is_conflict", Boolean, nullable=False),
    Column("is_synced", Boolean, nullable=False),  # 連携: an operator's tick
    Column("seen_job", Integer, nullable=False),
    UniqueConstraint("mall_id", "ref"),
    Index("listing_folded", "folded"),
    sqlite_autoincrement=True,
)

LINK = Table(
    "link",
    METADATA,
    Column("listing_id", ROW_ID, primary_key=True),
    Column("sku_id", ROW_ID, primary_key=True),
    Column("mall_id", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    # The link rule of which the claim is one of several candidates; 0: somebody's word.
    Column("rule_id", Integer, nullable=False, server_default="0"),
    Index("link_sku", "sku_id", "mall_id"),
)
"""Every claim; a listing with more than one is a conflict and is linked to none of them."""

OFFER_RULE = Table(
    "offer_rule",
    METADATA,
    Column("id", ROW_ID, primary_key=True),
    Column("mall_id", Integer, nullable=False),  # 0: every mall
    Column("sku_id", ROW_ID, nullable=False),  # 0: every SKU
    Column("buffer", Integer),  # these four: NULL where the rule says nothing of it
    Column("cap", Integer),  # -1: no cap
    Column("floor", Integer),
    Column("share", Integer),
    Column("at", Float, nullable=False),
    Column("actor", Text, nullable=False),
    UniqueConstraint("sku_id", "mall_id"),
    sqlite_autoincrement=True,
)
"""What an operator set of the offers of a mall, a SKU, or a SKU on a mall."""

LINK_RULE = Table(
    "link_rule",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("mall_id", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("fields", Text, nullable=False),  # names with a comma between, in order; so base_fields
    Column("separator", Text, nullable=False),
    Column("base_fields", Text, nullable=False),
    Column("base_separator", Text, nullable=False),
    Column("folds", Text, nullable=False),
    Column("made_of", Text, nullable=False),  # what its keys in rule_key were made of
    Column("keyed", ROW_ID),  # they are made up to this base listing; NULL: all are
    Column("is_removed", Boolean, nullable=False),  # its keys are still to go
    # `link rules remove ID` of a rule long removed must not meet a newer one.
    sqlite_autoincrement=True,
)

RULE_KEY = Table(
    "rule_key",
    METADATA,
    Column("rule_id", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("listing_id", ROW_ID, primary_key=True),  # of the base mall
    Index("rule_key_listing", "listing_id"),
    sqlite_with_rowid=False,
)
"""The key of every base listing by every link rule, so that a page is looked up and not a mall."""

PUSH = Table(
    "listing_push",
    METADATA,
    Column("listing_id", ROW_ID, primary_key=True),
    Column("mall_id", Integer, nullable=False),
    Column("low", Integer),
    Column("high", Integer, nullable=False),
    Column("plain_after", Float),  # an own order later than this moves low and high, no more
    Column("push_at", Float),  # mall time at which deciding a push is worthwhile; NULL: never
    Column("priority", Integer, nullable=False),  # of the push: 0 by orders, 1 bulk, 2 approved
    Column("read_at", Float),  # mall time at which a reading is wanted; NULL: never
    Column("reading_end", Float),  # b of the open reading
    Column("call_until", Float),  # when the call in the slot counts as lost (C3)
    Column("call_id", ROW_ID, nullable=False),  # the id in the slot, 0 = free
    Column("feed_call", ROW_ID, nullable=False),  # the id of its row in an open feed, 0 = none
    Column("held", Integer, nullable=False),
    Column("settled_quantity", Integer),
    Column("settled_at", Float),
    Column("proven_at", Float),
    Column("bulk", Integer, nullable=False),  # the Change that the breaker counts as waiting
    Column("bulk_sent", Integer, nullable=False),  # breaker.sent_mark of its last bulk push
    Column("reflect", Integer, nullable=False),  # the job that placed it and is not through, or 0
    Column("reflect_held", Integer, nullable=False),  # what that job set aside and may take back
    Column("body", LargeBinary, nullable=False),  # ListingPush; low and high above overrule it
    Index("push_due", "mall_id", "priority", "push_at", sqlite_where=text("push_at IS NOT NULL")),
    Index("push_read", "mall_id", "read_at", sqlite_where=text("read_at IS NOT NULL")),
    Index("push_reading", "mall_id", "reading_end", sqlite_where=text("reading_end IS NOT NULL")),
    Index("push_call", "mall_id", "call_until", sqlite_where=text("call_until IS NOT NULL")),
    Index("push_feed", "mall_id", "feed_call", sqlite_where=text("feed_call <> 0")),
    Index("push_held", "mall_id", "held", sqlite_where=text("held <> 0")),
    Index("push_reflect", "reflect", "listing_id", sqlite_where=text("reflect <> 0")),
)

REFLECT_JOB = Table(
    "reflect_job",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("mall_id", Integer),  # NULL: every mall
    Column("skus", Text, nullable=False),  # JSON list of codes; []: every SKU
    Column("is_diff", Boolean, nullable=False),  # only listings with a difference
    Column("step", Text, nullable=False),  # ReflectStep
    Column("cursor", ROW_ID, nullable=False),  # the last listing that was looked at
    Column("looked_at", Integer, nullable=False),
    Column("placed", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("unsynced", Integer, nullable=False),
    Column("shadow", Integer, nullable=False),
    Column("blocked", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    sqlite_autoincrement=True,
)
"""What operators had reflected; `listing_push.reflect` names what of a job is still under way."""

BREAKER = Table(
    "breaker",
    METADATA,
    Column("mall_id", Integer, primary_key=True, autoincrement=False),
    Column("window", Integer, nullable=False),
    Column("since", Float, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("sent_to_zero", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),  # rows of listing_push with priority 1 and bulk
    Column("waiting_to_zero", Integer, nullable=False),
    Column("grown", ROW_ID, nullable=False),
    Column("trip", Integer, nullable=False),
    Column("tripped_at", Float),
    Column("live_listings", Integer, nullable=False),
    Column("live_to_zero", Integer, nullable=False),
)
"""`engine.breaker.Breaker` of each mall; what waits is counted as listing_push is written."""

FEED = Table(
    "feed",
    METADATA,
    Column("mall_id", Integer, primary_key=True),
    Column("first_call", ROW_ID, primary_key=True),  # the call id of its row 1
    Column("last_call", ROW_ID, nullable=False),
    Column("epoch", Integer, nullable=False),  # of the actor that hands it in
    Column("t0", Float, nullable=False),
    Column("until", Float, nullable=False),  # mall time at which it is given up
    Column("ticket", Text, nullable=False),  # "" until it was handed in
    Column("look_at", Float, nullable=False),  # mall time of the next look
)
"""The feeds a mall has open. What is in one, `listing_push.feed_call` says."""

ORDER = Table(
    "sale_order",
    METADATA,
    Column("mall_id", Integer, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("stamp", Float, nullable=False),
    Column("mark", Text, nullable=False),
    Column("parent", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # StoredOrder: what each line has counted
    sqlite_with_rowid=False,
)

WAITING = Table(
    "waiting_line",
    METADATA,
    Column("mall_id", Integer, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("line", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Order lines that count nothing yet: their listing is not linked, or its SKU not opened."""

PARKED = Table(
    "parked_order",
    METADATA,
    Column("mall_id", Integer, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("stamp", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Float, nullable=False),  # mall time of the first sight
    Column("listings", Text, nullable=False),  # JSON [[ref, units or null], ...]
    Column("is_counted", Boolean, nullable=False),  # S2: its maybe has been applied
    Column("is_dismissed", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

MOVEMENT = Table(
    "movement",
    METADATA,
    Column("seq", ROW_ID, primary_key=True),
    Column("sku_id", ROW_ID, nullable=False),
    Column("delta", Integer, nullable=False),
    Column("total", Integer, nullable=False),  # after it
    Column("reason", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("mall_id", Integer),
    Column("number", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("moment", Float, nullable=False),  # when it took place: engine.ledger.Movement
    Column("actor", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("key", Text),  # of movements whose sender made one; order lines are keyed by counted
    Index("movement_sku", "sku_id", "seq"),
    Index("movement_key", "key", unique=True, sqlite_where=text("key IS NOT NULL")),
)
"""Its numbers grow without AUTOINCREMENT, a write for each row: no movement is ever deleted."""

FAULT = Table(
    "fault",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("identity", Text, nullable=False),  # mall, family, kind, subject
    Column("mall_id", Integer),
    Column("level", Integer, nullable=False),
    Column("family", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("message_en", Text, nullable=False),
    Column("hint_en", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_seen", Float, nullable=False),
    Column("last_seen", Float, nullable=False),
    Index("fault_open", "identity", unique=True, sqlite_where=text("state = 'open'")),
    Index("fault_subject", "state", "mall_id", "subject"),
    sqlite_autoincrement=True,
)

IMPORT = Table(
    "import_job",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("mall_id", Integer, nullable=False),
    Column("state", Text, nullable=False),  # waiting, running, done
    Column("cursor", Text),
    Column("read", Integer, nullable=False),
    Column("expected", Integer),
    Column("added", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("linked", Integer, nullable=False),
    Column("conflicts", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("is_file", Boolean, nullable=False),  # its rows come from an operator's file
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("started_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

IMPORT_CHANGE = Table(
    "import_change",
    METADATA,
    Column("id", ROW_ID, primary_key=True),
    Column("job", Integer, nullable=False),
    Column("listing_id", ROW_ID, nullable=False),
    Column("field", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Index("change_job", "job", "id"),
)
"""What the last import from a mall's API changed of each listing."""

SHEET_JOB = Table(
    "sheet_job",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # made by its sender
    Column("kind", Text, nullable=False),  # totals, links
    Column("name", Text, nullable=False),  # of the file, without its folder
    Column("actor", Text, nullable=False),
    Column("state", Text, nullable=False),  # staging, applying, done, dropping, dropped
    Column("as_of", Float),  # the instant of the totals, NULL: of the confirmation
    Column("moment", Float),  # when it was confirmed
    Column("seq", ROW_ID, nullable=False),  # the last movement at that moment
    Column("touched_at", Float, nullable=False),  # when a letter last asked for it
    Column("rows", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("to_zero", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("applied", Integer, nullable=False),
    Column("lost", Integer, nullable=False),  # rows that no longer fitted when their turn came
    Index("sheet_state", "state"),
    sqlite_autoincrement=True,
)
"""An operator's file of totals or links: sent, looked through, and applied whole."""

SHEET_ROW = Table(
    "sheet_row",
    METADATA,
    Column("job", Integer, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("subject_id", ROW_ID, nullable=False),  # the SKU of a total, the listing of a link
    Column("subject", Text, nullable=False),  # as the file has it
    Column("sku_id", ROW_ID),  # NULL: the listing's links are released
    Column("quantity", Integer, nullable=False),  # of a total
    Column("note", Text, nullable=False),
    Column("message", Text, nullable=False),  # why it no longer fitted; "" it waits
    Column("message_en", Text, nullable=False),
    UniqueConstraint("job", "subject_id"),
    sqlite_with_rowid=False,
)
"""A row that waits to be applied: it goes in the transaction that applies it."""

COUNTER = Table(
    "counter",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", ROW_ID, nullable=False),
)
"""Ever-growing numbers: `call`, the ids of pushes and readings."""
