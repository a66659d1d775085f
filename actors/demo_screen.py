"""The demo's live screen: malls, totals, the latest events, and how far behind each mall is.

It fits into 80 columns and 24 lines; a taller terminal shows more events. Where there is no
terminal, a plain line now and then.
"""

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self

from msgspec import Struct
from rich.cells import set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from actors.demo_report import Report
from actors.demo_shop import MALLS, Page
from actors.demo_shoppers import Tally
from actors.demo_truth import Truth

REFRESHES_PER_S: Final = 4
PLAIN_S: Final = 5.0
"""Without a terminal, a line so often."""
TOTALS_SHOWN: Final = 6
EVENTS_KEPT: Final = 20
"""The latest events; as many of them are shown as the terminal has lines for."""
OTHER_LINES: Final = 18
"""Lines of the screen that are no events: five malls, six totals, their headings, the rest."""
EVENT_SUBJECT_COLUMNS: Final = 26
"""Columns of an event's listing; a longer name is cut."""
STATES: Final = {
    "starting": ("起動中", "cyan"),
    "running": ("連携中", "green"),
    "degraded": ("一部エラー", "yellow"),
    "halted": ("停止", "bold red"),
    "paused": ("一時停止", "yellow"),
    "stopped": ("未起動", "dim"),
}
AMAZON_IS_LATE: Final = (
    "Amazon は書き込んだ数量が表示されるまで最大10分(デモでは60倍速で10秒)かかるため、"
    "全モールの値は Amazon が決めます。\n"
    "Amazon shows a written quantity within 10 minutes (10 s here, at 60 times the speed), so"
    " Amazon decides the figure for all malls."
)
EVENT_STYLES: Final = {
    "order": "green", "push": "cyan", "fault": "red", "healed": "green",
    "difference": "yellow", "cancel": "yellow", "edit": "yellow", "receipt": "magenta",
}  # fmt: skip


class Seen(Struct):
    """What the screen shows; filled by the demo's tasks."""

    stage: str = "準備中 / setting the stage"
    began_at: float = 0.0
    seconds: float | None = None
    malls: Sequence[Mapping[str, Any]] = ()
    calls: Mapping[str, int] = {}
    pushes: int = 0
    quantities: Mapping[Page, int] = {}
    names: Mapping[str, str] = {}


class Screen:
    """Draws; on a terminal in place, else line by line. Use it as a context."""

    def __init__(self, tally: Tally, *, is_quiet: bool) -> None:
        self.seen = Seen()
        self.truth: Truth | None = None
        self.tally = tally
        self._events: deque[Text] = deque(maxlen=EVENTS_KEPT)
        self._moved: dict[str, None] = {}
        self._console = Console(highlight=False, emoji=False)
        self._is_quiet = is_quiet
        self._plain_at = 0.0
        self._live: Live | None = None
        if not is_quiet and self._console.is_terminal:
            self._live = Live(
                console=self._console,
                refresh_per_second=REFRESHES_PER_S,
                get_renderable=self._draw,
                screen=True,
            )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, japanese: str, english: str) -> None:
        """A new act of the demo."""
        self.seen.stage = f"{japanese} / {english}"
        if self._live is None and not self._is_quiet:
            self._console.print(Text(self.seen.stage))

    def event(self, action: str, mall: str, subject: str, text: str, quantity: int | None) -> None:
        """One event of the house."""
        if action == "settled":
            return
        moved = "" if quantity is None else f"{quantity:+d}"
        # Cells, not characters: a Japanese letter is two columns wide.
        of = set_cell_size(subject, EVENT_SUBJECT_COLUMNS)
        line = f"{time.strftime('%H:%M:%S')}  {action:<9}{mall:<9}{of}{moved:>5}  {text}"
        style = EVENT_STYLES.get(action, "")
        self._events.append(Text(line, style=style, no_wrap=True, overflow="ellipsis"))

    def touch(self, skus: Iterable[str]) -> None:
        """These totals moved last."""
        for sku in skus:
            self._moved.pop(sku, None)
            self._moved[sku] = None

    def tick(self) -> None:
        """Where nothing is drawn in place: a line of figures now and then."""
        if self._live is None and not self._is_quiet and time.monotonic() > self._plain_at:
            self._plain_at = time.monotonic() + PLAIN_S
            self._console.print(self._figures())

    # --- parts ----------------------------------------------------------------------------------

    def _draw(self) -> Group:
        head = Text.assemble(("zaiko demo", "bold"), f"   {self.seen.stage}   {self._clock()}")
        head.no_wrap = True
        foot = Text("Ctrl-C で終了 / Ctrl-C ends the demo", style="dim")
        count = min(EVENTS_KEPT, max(0, self._console.height - OTHER_LINES))
        events = list(self._events)[-count:] if count else []
        return Group(
            head, self._malls(), Text(""), self._totals(),
            Text("最近の出来事 / Events", style="bold"), *events,
            *[Text("")] * (count - len(events)), self._figures(), foot,
        )  # fmt: skip

    def _clock(self) -> str:
        if not self.seen.began_at:
            return ""
        passed = time.monotonic() - self.seen.began_at
        of = "" if self.seen.seconds is None else f" / {self.seen.seconds:.0f} s"
        return f"{passed:.0f} s{of}"

    def _malls(self) -> Table:
        made = Table(box=None, pad_edge=False, header_style="bold")
        made.add_column("モール")
        made.add_column("状態", min_width=10)
        for heading in ("受注取得", "反映待ち", "API 呼出", "遅れ p50", "エラー"):
            made.add_column(heading, justify="right")
        truth = self.truth
        for mall in self.seen.malls:
            word, style = STATES.get(mall["state"], (mall["state"], ""))
            age = mall["orders_age_s"]
            made.add_row(
                Text(mall["name"], style="bold"),
                Text(word, style=style),
                "—" if age is None else f"{max(0.0, age):.0f} 秒前",
                str(mall["pending_pushes"]),
                f"{self.seen.calls.get(mall['name'], 0):,}",
                _seconds(None if truth is None else truth.lag_ms_of(mall["name"], 0.5)),
                Text(str(mall["open_faults"]), style="red" if mall["open_faults"] else ""),
            )
        return made

    def _totals(self) -> Table:
        """The totals that moved last, and what each mall truly shows of them."""
        made = Table(box=None, pad_edge=False, header_style="bold")
        made.add_column("SKU", min_width=11)
        made.add_column("商品名", min_width=16, no_wrap=True, overflow="ellipsis")
        made.add_column("総在庫", justify="right")
        for mall in MALLS:
            made.add_column(mall, justify="right", no_wrap=True)
        truth = self.truth
        skus = [] if truth is None else list(reversed(self._moved))[:TOTALS_SHOWN]
        for sku in skus:
            assert truth is not None, "only a truth has totals that moved"
            shown = [self._shown(truth, sku, mall) for mall in MALLS]
            made.add_row(sku, self.seen.names.get(sku, ""), str(truth.totals[sku]), *shown)
        for _ in range(TOTALS_SHOWN - len(skus)):
            made.add_row("")  # what stands below stays where it is
        return made

    def _shown(self, truth: Truth, sku: str, mall: str) -> Text:
        pages = [page for page, one in truth.pages.items() if one == sku and page.mall == mall]
        quantities = [self.seen.quantities.get(page) for page in pages]
        is_level = all(quantity == max(0, truth.totals[sku]) for quantity in quantities)
        text = "+".join("?" if quantity is None else str(quantity) for quantity in quantities)
        return Text(f"{text} {'✓' if is_level else '…'}", style="green" if is_level else "yellow")

    def _figures(self) -> Text:
        tally, truth = self.tally, self.truth
        p50 = p99 = None
        if truth is not None:
            p50, p99 = truth.lag_ms(0.5), truth.lag_ms(0.99)
        return Text(
            f"受注 {tally.orders}  明細 {tally.lines}  キャンセル {tally.cancels}  "
            f"変更 {tally.edits}  売切 {tally.refused}  反映 {self.seen.pushes}  "
            f"遅れ {_seconds(p50)}/{_seconds(p99)}",
            style="bold",
        )

    def close_with(self, told: Report) -> None:
        """What the demo has proven, as sentences."""
        lag = f"{_seconds(told.lag_ms['p50'])} / {_seconds(told.lag_ms['p99'])}"
        figures = [
            ("受注", "orders", told.orders),
            ("明細", "order lines", told.order_lines),
            ("計上した明細", "applied lines", told.applied_lines),
            ("二重計上", "duplicate lines", told.duplicate_lines),
            ("反映", "pushes", told.pushes),
            ("API 呼出", "API calls", told.api_calls),
            ("在庫の誤り", "wrong listings", told.wrong_listings),
            ("売り越し", "oversold units", told.oversold_units),
            ("エラー", "faults", told.faults),
            ("全モールへの反映 p50 / p99", "until all other malls show an order", lag),
        ]
        if self.truth is not None:
            figures += [
                (
                    f"  {mall} への反映",
                    f"until {mall} shows it",
                    f"{_seconds(p50)} / {_seconds(p99)}",
                )
                for mall in MALLS
                for p50, p99 in [[self.truth.lag_ms_of(mall, share) for share in (0.5, 0.99)]]
            ]
        made = Table(box=None, pad_edge=False, show_header=False)
        for japanese, english, figure in figures:
            made.add_row(japanese, english, Text(str(figure), style="bold", justify="right"))
        self._console.print(made)
        self._console.print(Text(AMAZON_IS_LATE, style="dim"))


def _seconds(lag_ms: int | None) -> str:
    return "—" if lag_ms is None else f"{lag_ms / 1000:.1f}s"
