"""`zaiko import` and `zaiko delete`."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from actors import client
from actors.client import FileImport, House
from terminal import product_tables, progress, usage
from terminal.asking import ASKED, Name, NoWait, answer, show
from terminal.typed_number import typed

File = Annotated[
    Path | None,
    typer.Option("--file", metavar="F", help="A product file of the mall (商品ファイル)."),
]
LeadTime = Annotated[
    int | None,
    typer.Option(
        "--lead-time", metavar="N", parser=typed(0), help="Days, for new listings (リードタイム)."
    ),
]
WithQuantity = Annotated[
    bool, typer.Option("--with-quantity", help="Take the file's quantities as shown (数量も).")
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="T", help="When the file was made (時点).")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show only (書き込まない).")]


def import_(
    name: Name,
    no_wait: NoWait = False,
    file: File = None,
    lead_time: LeadTime = None,
    with_quantity: WithQuantity = False,
    as_of: AsOf = None,
    dry_run: DryRun = False,
) -> None:
    """Read a mall's products in (商品の取り込み)."""
    if file is None:
        if lead_time is not None or with_quantity or as_of is not None or dry_run:
            raise usage.UsageRefused(
                "--lead-time, --with-quantity, --as-of and --dry-run go with --file.",
                "--lead-time、--with-quantity、--as-of、--dry-run は --file と一緒に使います。",
            )
        _import_mall(name, no_wait=no_wait)
        return
    given = FileImport(
        path=file,
        lead_time_days=lead_time,
        with_quantity=with_quantity,
        as_of=None if as_of is None else _moment(as_of),
        is_dry=dry_run,
    )
    with client.open_house(ASKED.config) as house:
        told = _gathered(house.products.import_file(name, given))
    show(told, product_tables.file_done)


def _import_mall(name: str, *, no_wait: bool) -> None:
    with client.open_house(ASKED.config) as house:
        views = house.products.imports(name)
        view = next(views) if no_wait else progress.follow_import(views)
        if view["state"] == "done" and view["updated"]:
            view = {**view, "changes": _changes(house, int(view["job"]))}
        show(view, product_tables.import_done)


def _changes(house: House, job: int) -> list[Any]:
    rows: list[Any] = []
    for row in house.products.changes(job):
        rows.append(row)
        if not ASKED.as_json and len(rows) > product_tables.CHANGES_SHOWN_MAX:
            break
    return rows


def _gathered(pages: Iterable[Any]) -> Any:
    """The last ImportView with what changed and what was refused: on a screen the first of it."""
    view: Any = {}
    changes: list[Any] = []
    refused: list[Any] = []
    warnings: list[Any] = []
    for told in pages:
        view = told["view"]
        changes += told["changes"]
        refused += told["refused_rows"]
        warnings += told["warnings"]
        if not ASKED.as_json:
            # One more than is shown tells that there are more.
            del changes[product_tables.CHANGES_SHOWN_MAX + 1 :]
            del refused[product_tables.REFUSED_SHOWN_MAX + 1 :]
    return view | {"changes": changes, "refused_rows": refused, "warnings": warnings}


def _moment(text: str) -> float:
    try:
        return dt.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise usage.UsageRefused(
            f"--as-of {text} is no moment; write it as 2026-12-01T09:30.",
            f"--as-of {text} は日時ではありません。2026-12-01T09:30 のように書いてください。",
        ) from None


def delete(skus: Annotated[list[str], typer.Argument(metavar="SKU...")]) -> None:
    """Delete SKUs here, never at a mall (商品の削除)."""
    answer(lambda house: house.products.delete(skus), product_tables.deleted)
