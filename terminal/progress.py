"""Progress of what takes a while: an import, a reflect. A bar on a terminal, else nothing.

The bar is drawn on stderr, so that stdout holds the result alone.
"""

import sys
from collections.abc import Iterable, Iterator

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from terminal.page import Row, console, note


def _bar() -> Progress:
    page = console(sys.stderr)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.0f}/{task.total:.0f}", markup=False),
        TimeElapsedColumn(),
        console=page,
        transient=True,
        disable=not page.is_terminal,
    )


def follow_import(views: Iterable[Row]) -> Row:
    """Shows an import until it is done; its last ImportView. Why it waits is said once."""
    view: Row = {}
    told = ""
    with _bar() as bar:
        task = bar.add_task("取り込み", total=0)
        for view in views:
            total = max(view["total"] or 0, view["read"], 1)
            bar.update(task, completed=view["read"], total=total)
            if view["reason"] and view["reason"] != told:
                told = view["reason"]
                note(f"{view['mall']} の取り込みは待っています: {told}", "the import waits")
    return view


def follow_sheet(told: Iterable[Row]) -> Iterator[Row]:
    """Shows how many rows of a file are looked through, then how many are applied."""
    with _bar() as bar:
        task = bar.add_task("確認", total=0)
        for one in told:
            view = one["view"]
            done = view["applied"] + view["lost"]
            if view["state"] == "staging":
                bar.update(task, completed=view["rows"], total=max(view["rows"], 1))
            else:
                bar.update(task, description="反映", completed=done, total=max(view["rows"], 1))
            yield one


def follow_reflect(rounds: Iterable[Iterable[Row]], total: int) -> int:
    """Shows how many listings of a reflect are level; how many still wait at the end."""
    waiting = total
    with _bar() as bar:
        task = bar.add_task("反映", total=total)
        for rows in rounds:
            waiting = sum(row["result"] == "waiting" for row in rows)
            bar.update(task, completed=total - waiting)
            if waiting == 0:
                break
    return waiting


def follow_job(views: Iterable[Row]) -> Row:
    """Shows a reflect job until it is left; its last ReflectJobView."""
    view: Row = {}
    with _bar() as bar:
        task = bar.add_task("反映", total=0)
        for view in views:
            if view["step"] == "placing":
                bar.update(task, completed=view["looked_at"], total=max(view["looked_at"], 1))
            else:
                bar.update(task, completed=view["pushed"], total=max(view["placed"], 1))
    return view


class Seen:
    """What of a reflect's rows is needed after they were printed: a few of them, however many."""

    def __init__(self, followed_max: int) -> None:
        self._followed_max = followed_max
        self.blocked = 0
        """Rows that could not be reflected."""
        self.moving: list[int] = []
        """Listings that were not level yet, at most `followed_max`."""

    def note(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows as they are."""
        for row in rows:
            self.blocked += row["result"] == "blocked"
            if row["result"] in {"pushed", "waiting"} and len(self.moving) < self._followed_max:
                self.moving.append(row["listing_id"])
            yield row
