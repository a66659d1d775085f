"""Pretend shoppers and staff: they order on every mall, change their minds, ship and restock.

Whatever they do is told to `Truth` the moment the mall has accepted it. A 409 (sold out, or too
late to change) is a normal answer.
"""

import asyncio
import contextlib
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from actors.demo_shop import Page
from actors.demo_stage import Stage
from actors.demo_truth import Measured, Truth
from engine.questions import AdjustStock

ORDERS_PER_S: Final = 2.2
"""Acts a second; with lines of several pages that makes two to three order lines."""
RESTOCK_S: Final = 8.0
"""From one delivery of goods to the next."""
RESTOCK_BELOW: Final = 6
"""A SKU with fewer units is restocked."""
RESTOCK_UNITS: Final = (10, 20, 30)
RECENT_MAX: Final = 200
"""Orders that may still be changed by the shoppers: the latest."""
SOLD_OUT: Final = 409


@dataclass(slots=True)
class Placed:
    """One order as the mall accepted it."""

    mall: str
    order_id: str
    lines: dict[Page, int]
    is_shipped: bool
    is_cancelled: bool = False


@dataclass(slots=True)
class Tally:
    """What the shoppers did."""

    orders: int = 0
    lines: int = 0
    cancels: int = 0
    edits: int = 0
    shipped: int = 0
    refused: int = 0
    """409: sold out, or too late."""
    restocked: int = 0
    """Units delivered."""


Tell = Callable[[str, str, str, str, int | None], None]
"""Shows (action, mall, subject, sentence, units) on the screen."""


class Shoppers:
    """All of them, as one task."""

    def __init__(
        self, stage: Stage, truth: Truth, spelling: Mapping[Page, Page], tell: Tell, seed: int
    ) -> None:
        self._stage = stage
        self._tell = tell
        self._truth = truth
        self._spelling = spelling
        """How the mall itself writes a page's codes."""
        self._dice = random.Random(seed)
        self._recent: deque[Placed] = deque(maxlen=RECENT_MAX)
        self._pages = {
            mall: sorted(page for page in truth.pages if page.mall == mall)
            for mall in stage.sandboxes
        }
        self.tally = Tally()

    async def shop(self, over: asyncio.Event) -> None:
        """Acts at random moments until `over`."""
        restock_at = time.monotonic() + RESTOCK_S
        next_at = time.monotonic()
        while not over.is_set():
            next_at += self._dice.expovariate(ORDERS_PER_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), max(0.0, next_at - time.monotonic()))
            if over.is_set():
                return
            await self._act()
            if time.monotonic() >= restock_at:
                restock_at += RESTOCK_S
                await self._restock()

    async def _act(self) -> None:
        roll = self._dice.random()
        open_orders = [order for order in self._recent if not order.is_cancelled]
        if roll < 0.84 or not open_orders:
            await self._order()
        elif roll < 0.90:
            await self._cancel(self._dice.choice(open_orders))
        elif roll < 0.96:
            await self._edit(self._dice.choice(open_orders))
        else:
            await self._ship(self._dice.choice(open_orders))

    async def _order(self) -> None:
        mall = self._dice.choice(sorted(self._pages))
        count = self._dice.choices((1, 2, 3), (66, 24, 10))[0]
        chosen = self._dice.sample(self._pages[mall], count)
        lines = {page: self._dice.choices((1, 2, 3), (80, 15, 5))[0] for page in chosen}
        # An order that staff confirmed or shipped before anybody polled counts all the same.
        status = self._dice.choices(("new", "confirmed", "shipped"), (80, 10, 10))[0]
        body = {"lines": self._bodies(lines), "status": status}
        reply = await self._stage.sandboxes[mall].post("orders", body)
        if reply.status_code == SOLD_OUT:
            self.tally.refused += 1
            return
        reply.raise_for_status()
        order = Measured(accepted_at=time.monotonic())
        for page, units in lines.items():
            self._truth.move(self._truth.pages[page], -units, page, order)
            self._tell("order", mall, page.sub_code or page.code, "注文 / order", -units)
        is_shipped = status == "shipped"
        self._recent.append(Placed(mall, reply.json()["order_id"], lines, is_shipped))
        self.tally.orders += 1
        self.tally.lines += len(lines)
        self.tally.shipped += is_shipped

    async def _cancel(self, order: Placed) -> None:
        is_restocked = self._dice.random() < 0.8
        if not await self._change(order, {"cancel": True, "restock": is_restocked}):
            return
        order.is_cancelled = True
        self.tally.cancels += 1
        for page, units in order.lines.items():
            self._truth.move(self._truth.pages[page], units, page if is_restocked else None)
            subject = page.sub_code or page.code
            self._tell("cancel", order.mall, subject, "キャンセル / cancelled", units)

    async def _edit(self, order: Placed) -> None:
        if order.is_shipped:
            return  # the parcel is gone: no shop changes its quantity, and no mall's list shows it
        page = self._dice.choice(sorted(order.lines))
        units = 1 if order.lines[page] > 1 else 2
        after = {**order.lines, page: units}
        if not await self._change(order, {"lines": self._bodies(after)}):
            return
        self.tally.edits += 1
        moved = order.lines[page] - units
        self._truth.move(self._truth.pages[page], moved, page)
        self._tell("edit", order.mall, page.sub_code or page.code, "数量変更 / edited", moved)
        order.lines = after

    async def _ship(self, order: Placed) -> None:
        if await self._change(order, {"status": "shipped"}):
            order.is_shipped = True
            self.tally.shipped += 1

    async def _change(self, order: Placed, body: Mapping[str, object]) -> bool:
        reply = await self._stage.sandboxes[order.mall].post(f"orders/{order.order_id}", body)
        if reply.status_code == SOLD_OUT:
            self.tally.refused += 1
            return False
        reply.raise_for_status()
        return True

    async def _restock(self) -> None:
        """Goods arrive for what has run low."""
        low = sorted(sku for sku, total in self._truth.totals.items() if total < RESTOCK_BELOW)
        if not low:
            return
        sku = self._dice.choice(low)
        units = self._dice.choice(RESTOCK_UNITS)
        await self._stage.caller.ask(
            partial(
                AdjustStock,
                sku=sku,
                delta=units,
                reason="入荷",
                actor="demo",
                key=secrets.token_hex(8),
            )
        )
        self._truth.move(sku, units)
        self._tell("receipt", "", sku, "入荷 / goods in", units)
        self.tally.restocked += units

    def _bodies(self, lines: Mapping[Page, int]) -> Sequence[Mapping[str, object]]:
        spelt = ((self._spelling[page], units) for page, units in lines.items())
        return [
            {"code": page.code, "sub_code": page.sub_code, "quantity": units}
            for page, units in spelt
        ]
