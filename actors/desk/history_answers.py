"""A SKU's past: its movements page by page, and its total at an instant."""

from collections.abc import Mapping

from actors.store import Connection
from actors.store.listing_rows import SkuRow
from actors.store.stock_list import history_page, total_at
from engine.ledger import Reason
from engine.questions import AskHistory, AskTotal, HistoryPage, HistoryRow, TotalView

HISTORY_ROWS_MAX = 1_000
"""Movements of one page; a client asks for the next."""


def past(
    connection: Connection, sku: SkuRow, malls: Mapping[int, str], question: AskHistory | AskTotal
) -> HistoryPage | TotalView:
    """The answer to `history`; malls: names by id, of those that the settings name."""
    if isinstance(question, AskTotal):
        seq, total = total_at(connection, sku.id, question.at)
        return TotalView(sku=sku.code, at=question.at, total=total, seq=seq)
    limit = max(1, min(question.limit, HISTORY_ROWS_MAX))
    span = (question.since, question.until)
    rows = history_page(connection, sku.id, question.after, limit, span)
    return HistoryPage(
        rows=tuple(
            HistoryRow(
                at=at,
                sku=sku.code,
                delta=delta,
                total=total,
                reason=reason,
                mall=malls.get(mall_id or 0, ""),
                order=order,
                line=line,
                actor=actor,
                note=note,
                seq=seq,
                as_of=moment if reason == Reason.STOCKTAKE else None,
            )
            for seq, at, delta, total, reason, mall_id, order, line, actor, note, moment in rows
        ),
        next=rows[-1][0] if len(rows) == limit else None,
    )
