"""The shape of the settings: every name an operator may write, its default and its bounds.

Nothing is read here: `config.load` fills these structs and checks every value against the bounds
that stand beside the field. Defaults for numbers are told again, with what happens at the bound,
in docs/limits.md (a test compares the two).
"""

from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from engine.notices import NoticeTerms
from engine.supervision import RestartLimits

KindName = Literal["rakuten", "yahoo", "amazon", "aupay", "makeshop"]

LAG_S: Final = 60.0
LAG_S_OF_KIND: Final = {"amazon": 180.0}
"""Amazon shows an order about two minutes after it was placed."""

POLL_INTERVAL_S: Final = 180.0
POLL_INTERVAL_SPEED_UP_S: Final = 60.0
LATE_AFTER_TIMEOUT_S: Final = 60.0

Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
CountFromOne = Annotated[int, Meta(ge=1, le=1_000_000)]
Mebibytes = Annotated[int, Meta(ge=1, le=65_536)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
SecondsFromTenth = Annotated[float, Meta(ge=0.1, le=86_400)]
SecondsFromOne = Annotated[float, Meta(ge=1, le=86_400)]
Share = Annotated[float, Meta(ge=0, le=1)]
SecondsFromTwo = Annotated[float, Meta(ge=2, le=86_400)]


class Bounds(Struct, frozen=True, kw_only=True):
    """The push protocol's bounds of one mall in wall seconds: a sandbox's speed is applied."""

    lag_s: float
    """From an order's placement until the mall's API shows it."""
    late_s: float
    """HTTP time-out plus how long a timed-out write may still land."""
    eps_s: float
    """Clock error, and distance between an order's stamp and the moment its units left."""
    live_s: float
    """From an accepted write until it is live."""
    stale_s: float
    """Age of what a read shows."""
    send_within_s: float
    """From a pull until the write must have left (`send_by`)."""
    key_grace_s: float
    """How long a freshly changed key may be refused before it counts as wrong."""


class MallSettings(Struct, frozen=True, kw_only=True):
    """One mall account: its own table over the values at the top over the defaults."""

    name: str
    """The account's name, unique; also the name of its key file and its log."""
    kind: KindName
    """Which connector drives it."""
    base_url: str | None = None
    """Where a sandbox serves this mall; without it, the real mall."""
    speed: Annotated[float, Meta(ge=1, le=10_000)] = 1.0
    """How many times faster a sandbox lives: divides the mall's own times, multiplies its rates."""
    shop_url: str | None = None
    """Rakuten: the shop's address part, from which image addresses are made."""

    speed_up: bool = False
    """The speed-up option: poll every 60 s where no interval is given."""
    poll_interval_s: SecondsFromOne = POLL_INTERVAL_S
    """From the beginning of one order poll to the next."""
    compare_interval_s: SecondsFromOne = 900.0
    """How often every listing is to be compared; gives way to polls and pushes."""
    reread_interval_s: SecondsFromOne = 900.0
    """How often all orders that can still change are looked at again."""
    http_timeout_s: SecondsFromTenth = 10.0
    """How long one call may take."""
    retry_bound_s: Seconds = 10.0
    """How long one safe read is retried before it is a level-8 fault."""
    retry_after_s_max: SecondsFromOne = 900.0
    """A mall's Retry-After longer than this is cut to it."""

    mode: Literal["live", "shadow"] = "live"
    """Shadow runs everything but the write, until `zaiko live` lets the mall go live."""
    breaker_listings_share: Share = 0.3
    """A bulk change of more than this share of the linked listings waits; 1: no limit."""
    breaker_zero_share: Share = 0.1
    """One that sends more than this share of those above 0 to zero waits; 1: no limit."""
    breaker_window_s: SecondsFromOne = 3600.0
    """Bulk pushes within this count as one change."""
    on_difference: Literal["report", "repair", "adopt"] = "report"
    """What a settled difference leads to: shown only, pushed over, or booked to the total."""
    on_first_difference: Literal["push", "report"] = "push"
    """The same for the first comparison of a new link."""
    restock: Literal["auto", "never"] = "auto"
    """Whether a cancelled order's units come back to the total."""
    mall_restocks: Literal["unknown", "yes", "no"] = "unknown"
    """Whether the mall puts a cancelled order's units back on its own quantity."""
    settings_on_push: Literal["registered", "mall"] = "registered"
    """Which side setting rides along with a push: the one registered here, or the mall's own."""
    buffer: Count = 0
    """Units kept back from every offer."""
    cap: Count | None = None
    """An offer shows at most this many units; absent: no cap."""
    floor: Count = 0
    """An offer below it is shown as 0."""
    share: Annotated[int, Meta(ge=0, le=100)] = 100
    """Percent of the units held that a mall may show."""

    changeable_days: Annotated[int, Meta(ge=1, le=365)] = 45
    """An order older than this can no longer change."""
    park_block_s: Seconds = 900.0
    """How long an unreadable order holds up settled comparisons."""
    refuse_margin: Count = 5
    """A fall that leaves at most this many travels apart from safe rows."""
    lag_s: Seconds = LAG_S
    """See `Bounds`; where it is not given, 180 for Amazon."""
    late_s: Seconds = 10.0 + LATE_AFTER_TIMEOUT_S
    """See `Bounds`; where it is not given, `http_timeout_s` + 60."""
    eps_s: SecondsFromTwo = 2.0
    """See `Bounds`."""
    live_s: Seconds = 0.0
    """See `Bounds`."""
    stale_s: Seconds = 0.0
    """See `Bounds`."""
    send_within_s: SecondsFromOne = 5.0
    """See `Bounds`."""
    key_grace_s: Seconds = 1800.0
    """See `Bounds`."""
    below_zero: Literal["unknown", "clamps", "refuses", "negative"] = "unknown"
    """Yahoo, MakeShop: what the mall does with a fall below zero."""
    bulk_is_atomic: bool = False
    """Whether a refused bulk write is known to have done no row at all."""
    statuses_not_counted: str | None = None
    """Order statuses that take no stock, with commas, in the mall's words; absent: all count."""
    order_version: Annotated[int, Meta(ge=3, le=10)] = 10
    """Rakuten: the version of order data asked for."""
    forbidden_halts: bool = False
    """Rakuten: whether HTTP 403 means a dead key (level 9) and not a passing limit (level 8)."""
    edit_sign: Literal["version", "none"] = "version"
    """Yahoo: whether an order's version tells that it may have been edited."""
    import_details: Literal["variations", "all", "none"] = "variations"
    """Yahoo: whether an import reads each item's page, one call an item, or where needed only.
    au PAY: whether it reads the names of choices, a call an item that has some (`none`: never)."""
    orders_api: Literal["2026-01-01", "v0"] = "2026-01-01"
    """Amazon: which order API is read; the older one may be asked more often."""
    reads: Literal["live", "stale"] = "live"
    """au PAY: whether a read shows the quantity of now, or an older one."""
    order_choices: Literal["lookup", "suffix"] = "lookup"
    """au PAY: an order line's choice is looked up among the item's, or taken as it stands."""
    absent_axis: Literal["echo", "omit"] = "echo"
    """au PAY: an axis that a choice does not have goes back as it was read, or is left out."""
    choice_quantity_max: Annotated[int, Meta(ge=1, le=99_999)] = 99_999
    """au PAY: the largest quantity a choice is given."""
    quantity_mode: Literal["probe", "absolute", "relative"] = "probe"
    """MakeShop: what it does with a quantity that is sent; `probe`: found before the first push."""
    probe_item: str | None = None
    """MakeShop: the item the probe may change and put back, CODE or CODE/VARIATION."""
    quantity_type: Annotated[int, Meta(ge=0, le=9)] = 1
    """MakeShop: the quantityCalculationType that is sent."""
    listing_code: Literal["custom", "system"] = "custom"
    """MakeShop: listings are named by the shop's own item codes, or by MakeShop's."""
    list_inputs: Literal["list", "single"] = "list"
    """MakeShop: whether its schema takes lists of codes."""

    @property
    def bounds(self) -> Bounds:
        """The protocol's bounds in wall seconds; only what the mall owns is divided by speed."""
        return Bounds(
            lag_s=self.lag_s / self.speed,
            late_s=self.http_timeout_s + (self.late_s - self.http_timeout_s) / self.speed,
            eps_s=self.eps_s,
            live_s=self.live_s / self.speed,
            stale_s=self.stale_s / self.speed,
            send_within_s=self.send_within_s,
            key_grace_s=self.key_grace_s / self.speed,
        )

    @property
    def switches(self) -> dict[str, str]:
        """What only this kind of connector understands, as text."""
        return {
            name: _text_of(getattr(self, name))
            for name, kinds in KINDS_OF_SWITCH.items()
            if not kinds or self.kind in kinds
        }

    @property
    def is_sandbox(self) -> bool:
        """Whether this is a pretend mall."""
        return self.base_url is not None


KINDS_OF_SWITCH: Final[dict[str, tuple[str, ...]]] = {
    "bulk_is_atomic": (),
    "shop_url": ("rakuten",),
    "order_version": ("rakuten",),
    "forbidden_halts": ("rakuten",),
    "statuses_not_counted": ("rakuten", "amazon", "aupay"),
    "below_zero": ("yahoo", "makeshop"),
    "edit_sign": ("yahoo",),
    "import_details": ("yahoo", "aupay"),
    "orders_api": ("amazon",),
    "reads": ("aupay",),
    "order_choices": ("aupay",),
    "absent_axis": ("aupay",),
    "choice_quantity_max": ("aupay",),
    "quantity_mode": ("makeshop",),
    "probe_item": ("makeshop",),
    "quantity_type": ("makeshop",),
    "listing_code": ("makeshop",),
    "list_inputs": ("makeshop",),
}
"""Which kinds of mall understand a switch; (): every kind."""


def _text_of(value: object) -> str:
    """A switch's value as the connectors read it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


class Settings(Struct, frozen=True, kw_only=True):
    """The house: what holds for all processes, and the malls in the order of the file."""

    state_dir: Path
    """Database, keys, sockets and logs; absolute."""
    base_mall: str
    """The name of the mall that defines SKUs and the opening totals."""
    malls: tuple[MallSettings, ...]
    """Every mall account."""
    source: Path
    """The file these settings were read from; absolute."""
    database: str
    """The database's URL."""

    database_cache_mib: Mebibytes = 16
    """SQLite's page cache of the one writer."""
    commit_messages_max: CountFromOne = 200
    """Messages that become one transaction, at most."""
    request_timeout_s: SecondsFromOne = 30.0
    """How long a control message waits for its answer."""
    heartbeat_interval_s: SecondsFromTenth = 2.0
    """How often a mall actor and the inventory say that they live."""
    lease_fresh_s: SecondsFromOne = 10.0
    """A mall's holder that was silent this long may be replaced by a stranger."""
    ready_s_max: SecondsFromOne = 30.0
    """How long a started child may take until it says that it is ready."""
    drain_s_max: SecondsFromOne = 15.0
    """How long a stopping child may take before it is killed."""
    restart_delay_s: SecondsFromTenth = 0.2
    """Before the first restart of a crashed child; doubles with each further one."""
    restart_delay_s_max: SecondsFromTenth = 2.0
    """Before any restart, at most."""
    restart_stable_s: Seconds = 10.0
    """A child that ran this long begins again with the first delay."""
    restart_burst_max: CountFromOne = 10
    """Restarts allowed within `restart_burst_window_s`."""
    restart_burst_window_s: SecondsFromTenth = 30.0
    """What counts as a burst."""
    restart_sustained_max: CountFromOne = 50
    """Restarts allowed within `restart_sustained_window_s`."""
    restart_sustained_window_s: SecondsFromTenth = 3600.0
    """What counts as a sustained crash rate."""
    notify_channels: str | None = None
    """Names of the channels that are used, with commas; absent: every one that is stored."""
    notify_level: Annotated[int, Meta(ge=8, le=9)] = 9
    """9: what needs an operator is told; 8: also what stayed open for `notify_after_s`."""
    notify_after_s: Seconds = 600.0
    """How long a level 8 must have stayed open before it is told."""
    notify_quiet_s: Seconds = 1800.0
    """A trouble that comes back sooner than this after it was told of waits so long."""
    notify_per_hour_max: CountFromOne = 12
    """Messages of one channel within an hour; what comes on top is gathered into the next."""
    log_file_mib: Mebibytes = 10
    """A log file that grew to this is rotated."""
    log_files_max: CountFromOne = 5
    """Rotated log files kept for each process."""

    @property
    def database_file(self) -> Path:
        """The embedded database's file."""
        return Path(self.database.removeprefix("sqlite:///"))

    @property
    def restart_limits(self) -> RestartLimits:
        """The restart settings as one value."""
        return RestartLimits(
            delay_s=self.restart_delay_s,
            delay_s_max=self.restart_delay_s_max,
            stable_s=self.restart_stable_s,
            burst_max=self.restart_burst_max,
            burst_window_s=self.restart_burst_window_s,
            sustained_max=self.restart_sustained_max,
            sustained_window_s=self.restart_sustained_window_s,
        )

    @property
    def notice_terms(self) -> NoticeTerms:
        """The notification settings as one value."""
        return NoticeTerms(
            level=self.notify_level,
            after_s=self.notify_after_s,
            quiet_s=self.notify_quiet_s,
            per_hour_max=self.notify_per_hour_max,
        )

    def uses_channel(self, name: str) -> bool:
        """Whether notifications go to the channel of that name."""
        chosen = self.notify_channels
        return chosen is None or name in {part.strip() for part in chosen.split(",")}

    def mall(self, name: str) -> MallSettings | None:
        """The mall of that name."""
        return next((mall for mall in self.malls if mall.name == name), None)


class SettingsError(Exception):
    """The settings cannot be used: one sentence that says what to do, in both languages."""

    def __init__(self, message: str, message_ja: str) -> None:
        super().__init__(message)
        self.message = message
        """In English."""
        self.message_ja = message_ja
        """In Japanese."""

    def __str__(self) -> str:
        return f"{self.message} / {self.message_ja}"
