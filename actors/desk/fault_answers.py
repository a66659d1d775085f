"""Answers about faults: the list, the figures by mall, and what the notifier looks at."""

from collections.abc import Mapping
from typing import Any

from actors.desk.account import Account
from actors.store import Connection
from actors.store.fault_list import (
    NEW_NOTICES_MAX,
    FaultFigures,
    FaultFilter,
    fault_figures,
    fault_list,
    faults_after,
    faults_with,
    newest_fault,
)
from engine.fault_questions import AskErrorSummary, AskNotices, ErrorSummaryRow, NoticesView
from engine.notice_text import difference_command
from engine.notices import NoticeView
from engine.questions import FaultView

Accounts = Mapping[int, Account]
"""Every mall of the settings by its row's id."""


def fault_views(connection: Connection, accounts: Accounts, chosen: FaultFilter) -> list[FaultView]:
    """`errors list` and `errors show`."""
    views = []
    for row in fault_list(connection, chosen):
        mall = _mall_name(accounts, row.mall_id)
        views.append(
            FaultView(
                id=row.id,
                level=row.level,
                mall=mall,
                subject=row.subject,
                code=row.code,
                message=row.message,
                hint=row.hint,
                message_en=row.message_en,
                hint_en=row.hint_en,
                state=row.state,
                count=row.count,
                first_seen=row.first_seen,
                last_seen=row.last_seen,
                kind=row.kind,
                family=row.family,
                differences=difference_command(mall),
            )
        )
    return views


def of_faults(
    connection: Connection, accounts: Accounts, question: AskErrorSummary | AskNotices
) -> list[ErrorSummaryRow] | NoticesView:
    """Either answer."""
    if isinstance(question, AskErrorSummary):
        return error_summary(connection, accounts)
    return notices(connection, accounts, question)


def error_summary(connection: Connection, accounts: Accounts) -> list[ErrorSummaryRow]:
    """`errors summary`: every mall, also one without a fault; the house last."""
    figures = {row.mall_id: row for row in fault_figures(connection)}
    rows = []
    for mall_id in [*accounts, None]:
        account = None if mall_id is None else accounts.get(mall_id)
        row = figures.get(mall_id, FaultFigures(mall_id, 0, 0, 0, None))
        rows.append(
            ErrorSummaryRow(
                mall="" if account is None else account.name,
                level9=row.level9,
                level8=row.level8,
                resolved=row.resolved,
                oldest=row.oldest,
                is_halted=account is not None and account.lane.is_halted,
            )
        )
    return rows


def notices(connection: Connection, accounts: Accounts, question: AskNotices) -> NoticesView:
    """What the notifier has not seen, and what it watches."""
    reached = newest_fault(connection)
    # Another database than the one it had seen: everything in it is new.
    after = question.after if question.after <= reached else 0
    new = faults_after(connection, after, with_transient=question.with_transient)
    if len(new) == NEW_NOTICES_MAX:
        reached = new[-1].id
    watched = faults_with(connection, question.watched)
    return NoticesView(
        new=tuple(_notice(accounts, row) for row in new),
        watched=tuple(_notice(accounts, row) for row in watched),
        reached=reached,
    )


def _notice(accounts: Accounts, row: Any) -> NoticeView:
    return NoticeView(
        id=row.id,
        identity=row.identity,
        level=row.level,
        kind=row.kind,
        mall=_mall_name(accounts, row.mall_id),
        subject=row.subject,
        code=row.code,
        message=row.message,
        hint=row.hint,
        message_en=row.message_en,
        hint_en=row.hint_en,
        state=row.state,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
    )


def _mall_name(accounts: Accounts, mall_id: int | None) -> str:
    account = accounts.get(mall_id or 0)
    return "" if account is None else account.name
