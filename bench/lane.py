"""A mall's side of the line for benches: hands over made-up orders as a poll does."""

import asyncio
import time
from collections.abc import Sequence

from actors.mall_lease import MallLease
from actors.wire import MALL_SIDE, Line
from bench.house import TOKEN, House, code_of
from bench.limit import Line as OrderedLine
from engine.messages import PROTOCOL, Hello, Lease, OrdersRead
from engine.snapshot import OrderLine, OrderSnapshot

UNDER_WAY_MAX = 8
"""Batches handed over and not yet acknowledged: as many as a poll has."""


class Lane:
    """One mall's line with its lease."""

    def __init__(self, house: House, name: str, kind: str = "rakuten") -> None:
        self._name = name
        self._kind = kind
        self.letters: asyncio.Queue[object] = asyncio.Queue()
        """What came unasked: wake-ups."""
        self.line = Line(house.endpoint, MALL_SIDE, self.letters.put_nowait)
        self.lease = MallLease(self.line)

    async def begin(self) -> Lease:
        """Takes the lease."""
        hello = (PROTOCOL, self._name, self._kind, f"bench-{self._name}", TOKEN, 0.0, 0)
        return await self.lease.hello(lambda number: Hello(number, *hello))

    async def hand_over(self, batches: Sequence[Sequence[OrderSnapshot]]) -> float:
        """Hands over batches with a few under way; seconds until the last is acknowledged."""
        room = asyncio.Semaphore(UNDER_WAY_MAX)

        async def send(batch: Sequence[OrderSnapshot]) -> None:
            orders = tuple(batch)
            try:
                await self.lease.ask(lambda number, epoch: OrdersRead(number, epoch, orders))
            finally:
                room.release()

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for batch in batches:
                await room.acquire()
                group.create_task(send(batch))
        return time.perf_counter() - began

    def close(self) -> None:
        """Closes the line."""
        self.line.close()


def snapshot_of(number: str, lines: Sequence[tuple[int, int]], now: float) -> OrderSnapshot:
    """An order placed just now; lines are (SKU, units)."""
    return OrderSnapshot(
        order=number,
        stamp=now - 1.0,
        mark=f"100/{now:.0f}",
        status="100",
        cancelled=False,
        edited=False,
        cut_only=False,
        counts=True,
        read_from=now - 0.2,
        read_until=now,
        lines=tuple(
            OrderLine(str(place), code_of(sku), "", units, None, None)
            for place, (sku, units) in enumerate(lines, 1)
        ),
    )


def snapshots(lines: Sequence[OrderedLine], lines_per_order: int = 1) -> list[OrderSnapshot]:
    """Orders of so many lines each."""
    now = time.time()
    return [
        snapshot_of(lines[at][0], [line[1:] for line in lines[at : at + lines_per_order]], now)
        for at in range(0, len(lines), lines_per_order)
    ]


def in_batches(orders: Sequence[OrderSnapshot], size: int) -> list[Sequence[OrderSnapshot]]:
    """The orders in batches."""
    return [orders[at : at + size] for at in range(0, len(orders), size)]
