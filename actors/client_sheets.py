"""A command's files of totals and links: read row by row, sent page by page, applied whole.

    file --SheetFile--> SheetRow | RefusedRow --pages--> a job of the running house

Memory holds one page of rows, however long the file is, and what was refused.
"""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, to_builtins

from actors.client_asking import ASK_AGAIN_S, Asking, Body
from actors.client_files import TextFile
from actors.client_refusal import Refusal
from engine.questions import (
    SHEET_NOTE_MAX,
    SHEET_PAGE_MAX,
    ApplySheet,
    AskSheet,
    DropSheet,
    OpenSheet,
    SendSheet,
    SheetKind,
    SheetRow,
)
from engine.sheet import BadCell, FileUnreadable, Record, RefusedRow, Table
from engine.whole_number import whole_number

SHEET_STILL_S_MAX: Final = 60.0
"""Without a page applied for so long a command leaves the job to the house."""
QUANTITY_MAX: Final = 999_999_999
"""No total in a file is greater."""
_HEADINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "totals": {
        "sku": "sku", "skuコード": "sku", "商品コード": "item", "quantity": "quantity",
        "数量": "quantity", "在庫数": "quantity", "total": "total", "総在庫数": "total",
        "総在庫": "total", "note": "note", "備考": "note",
    },
    "links": {
        "mall": "mall", "モール": "mall", "code": "code", "商品コード": "code",
        "sub_code": "sub_code", "sub-code": "sub_code", "枝番": "sub_code", "sku": "sku",
        "skuコード": "sku",
    },
}  # fmt: skip
"""What a heading, folded, names. A `total` may be empty: the list says that there is none yet."""
_NEEDED: Final = {"totals": "sku, quantity[, note]", "links": "mall, code, sub_code, sku"}
_SPREADSHEET_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "'")


class _Blank(Struct, frozen=True):
    """A row of the list of products that tells no total."""


class SheetFile:
    """One file while it is read. Use it as a context."""

    def __init__(self, path: Path, kind: SheetKind) -> None:
        """Looks through it once and finds the headings. Raises Refusal."""
        self._kind = kind
        self._file = TextFile(path)
        try:
            self._table = Table(self._file.lines(), _HEADINGS[kind])
            self._refuse_headings()
        except FileUnreadable as wrong:
            self.close()
            raise Refusal(2, *wrong.sentences) from None
        except Refusal:
            self.close()
            raise
        has = self._table.has
        self._quantity = "total" if has("total") else "quantity"
        self._sku = "sku" if has("sku") or kind == "links" else "item"
        self.blank = 0
        """Rows that tell nothing so far."""

    def _refuse_headings(self) -> None:
        has = self._table.has
        if self._kind == "links":
            is_whole = has("mall", "code", "sku")
        else:
            is_whole = (has("sku") or has("item")) and (has("quantity") or has("total"))
        if not is_whole:
            needed = _NEEDED[self._kind]
            raise FileUnreadable(
                f"1 行目に列名 {needed} を書いてください。",
                f"The first line must name the columns {needed}.",
            )

    def heading(self, column: str) -> str:
        """What the file calls a column of a refusal."""
        name = {"quantity": self._quantity, "sku": self._sku}.get(column, column)
        return self._table.columns.get(name, (0, column))[1]

    def rows(self) -> Iterator[SheetRow | RefusedRow]:
        """Its rows in their order."""
        make = self._total if self._kind == "totals" else self._link
        for row in self._table.rows(make):
            if isinstance(row, _Blank):
                self.blank += 1
            else:
                yield row

    def _total(self, record: Record) -> list[SheetRow | _Blank]:
        cell = record.text(self._quantity)
        if not cell and self._quantity == "total":
            return [_Blank()]
        sku = _bare(record.needed(self._sku))
        number = whole_number(cell)
        if number is None or not 0 <= number <= QUANTITY_MAX:
            raise BadCell(
                record.heading(self._quantity),
                f"0〜{QUANTITY_MAX} の整数を書いてください。",
                f"Write a whole number from 0 to {QUANTITY_MAX}.",
            )
        note = record.text("note")
        if len(note) > SHEET_NOTE_MAX or "\ufffd" in note:
            raise BadCell(
                record.heading("note"),
                f"備考として読み取れません({SHEET_NOTE_MAX} 文字まで)。",
                f"It cannot be read as a note of at most {SHEET_NOTE_MAX} characters.",
            )
        return [SheetRow(record.line, sku, number, note)]

    def _link(self, record: Record) -> list[SheetRow | _Blank]:
        if not record.has_cell("sku"):
            # A row that was cut off must not release a link.
            raise BadCell(
                record.heading("sku"),
                "列が足りません。紐づけを解除する行も空の列を残してください。",
                "The row is too short; keep an empty cell to release a link.",
            )
        names = {name: _bare(record.code(name)) for name in ("sub_code", "sku")}
        mall, code = record.needed("mall"), _bare(record.needed("code"))
        row = SheetRow(record.line, names["sku"], mall=mall, code=code, sub_code=names["sub_code"])
        return [row]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class Sheets:
    """Files of totals and links, into a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def import_file(
        self, kind: SheetKind, path: Path, as_of: float | None, *, is_dry: bool
    ) -> Iterator[Body]:
        """`stock import` and `link import`: {view, refused_rows, blank} now and again.

        `view` is the SheetView so far. With a refused row, and with `is_dry`, nothing is changed:
        the last view is then one of a job that is not applied. Raises Refusal.
        """
        with closing(SheetFile(path, kind)) as file:
            letter = partial(
                OpenSheet, kind=kind, name=path.name, as_of=as_of, actor=self._house.actor,
                key=secrets.token_hex(16),
            )  # fmt: skip
            view = self._house.ask(letter)
            job = int(view["job"])
            is_confirmed = False
            try:
                for view, refused in self._send(job, file):
                    yield {"view": view, "refused_rows": refused, "blank": file.blank}
                if not view["rows"] and not view["refused"]:
                    raise Refusal(2, "ファイルに行がありません。", "The file has no rows.")
                if view["refused"] or is_dry:
                    return
                view = self._house.ask(partial(ApplySheet, job=job, rows=view["rows"]))
                is_confirmed = True
            finally:
                if not is_confirmed:
                    with suppress(Refusal):
                        self._house.ask(partial(DropSheet, job=job))
            blank = file.blank
        for one in self._follow(view):
            yield {"view": one, "refused_rows": [], "blank": blank}

    def _send(self, job: int, file: SheetFile) -> Iterator[tuple[Body, list[Any]]]:
        rows = file.rows()
        while page := tuple(islice(rows, SHEET_PAGE_MAX)):
            good = tuple(row for row in page if isinstance(row, SheetRow))
            bad = [row for row in page if isinstance(row, RefusedRow)]
            view = self._house.ask(partial(SendSheet, job=job, rows=good, refused=len(bad)))
            refused = [
                {"line": row.line, "column": row.column, "message": row.message,
                 "message_en": row.message_en}
                for row in bad
            ]  # fmt: skip
            refused += [row | {"column": file.heading(row["column"])} for row in view["refusals"]]
            yield view, to_builtins(sorted(refused, key=lambda row: int(row["line"])))

    def _follow(self, view: Body) -> Iterator[Body]:
        """A confirmed job until it is done."""
        moved_at = time.monotonic()
        yield view
        while view["state"] == "applying":
            self._house.rest(ASK_AGAIN_S)
            before, view = view, self._house.ask(partial(AskSheet, job=view["job"]))
            if view["applied"] + view["lost"] > before["applied"] + before["lost"]:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > SHEET_STILL_S_MAX:
                raise Refusal(
                    3,
                    "取り込みが進んでいません。zaiko が続きを行います。",
                    "The import does not move; zaiko goes on with it by itself.",
                )
            yield view
        if view["state"] != "done":
            raise Refusal(
                1,
                f"内部エラーのため {view['applied']} 行で止まりました。",
                f"It stopped after {view['applied']} rows for an internal error.",
            )


def _bare(text: str) -> str:
    """A code without the apostrophe that our own lists put before a spreadsheet's signs."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_SPREADSHEET_SIGNS) else text
