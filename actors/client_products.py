"""A command's questions about products: imports from malls and files, side settings, deletes."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, to_builtins

from actors.client_asking import ASK_AGAIN_S, ROWS_PER_PAGE, Asking, Body
from actors.client_files import ProductFile
from actors.client_refusal import Refusal
from engine.catalogue import SideSettings
from engine.product_file import FileRow, RefusedRow
from engine.questions import (
    FILE_PAGE_MAX,
    AskImport,
    AskImportChanges,
    AskSettings,
    AskStatus,
    DeleteSkus,
    ImportFileRows,
    SetSettings,
    StartImport,
)

IMPORT_STILL_S: Final = 5.0
"""Without a row for so long, `import` looks whether its mall is at work."""

COUNTS: Final = (
    "read", "added", "updated", "unchanged", "linked", "conflicts", "refused", "gone",
)  # fmt: skip


class FileImport(Struct, frozen=True, kw_only=True):
    """How a file is to be imported."""

    path: Path
    lead_time_days: int | None = None
    with_quantity: bool = False
    as_of: float | None = None
    """The moment of its quantities; None: when the file was last written."""
    is_dry: bool = False


class Products:
    """The products of a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def imports(self, mall: str) -> Iterator[Body]:
        """`import`: opens or joins the job, then its ImportView now and again until it is done."""
        view = self._house.ask(lambda number: StartImport(number, mall, self._house.actor))
        job = int(view["job"])
        yield view
        moved_at = time.monotonic()
        while view["state"] != "done":
            self._house.rest(ASK_AGAIN_S)
            before, view = view, self._house.ask(lambda number: AskImport(number, job))
            if view["read"] != before["read"]:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > IMPORT_STILL_S:
                view["reason"] = view["reason"] or self._why_still(mall)
            yield view

    def _why_still(self, name: str) -> str:
        """Why an import does not begin; raises Refusal where it will not without an operator."""
        (mall,) = (mall for mall in self._house.ask(AskStatus)["malls"] if mall["name"] == name)
        state = mall["state"]
        if state in {"halted", "paused", "stopped"}:
            raise Refusal(
                3,
                f"{name} は連携していないため({state})、取り込みは再開後に始まります。",
                f"{name} is {state}: the import begins by itself once it runs again.",
            )
        return "" if state == "running" else f"{name}: {state}"

    def changes(self, job: int) -> Iterator[Body]:
        """What an import from a mall changed: ChangeViews."""
        after: int | None = 0
        while after is not None:
            at = after
            page = self._house.ask(
                lambda number, at=at: AskImportChanges(number, job, at, ROWS_PER_PAGE)  # type: ignore[misc]
            )
            yield from page["rows"]
            after = page["next"]

    def import_file(self, mall: str, given: FileImport) -> Iterator[Body]:
        """`import --file`, page by page: {view, changes, refused_rows, warnings}.

        `view` is the ImportView so far. Raises Refusal, for a file nobody can read at once.
        """
        settings = self._house.settings.mall(mall)
        if settings is None:
            raise Refusal(
                2,
                f"モール {mall} は設定にありません。",
                f"There is no mall named {mall} in the settings.",
            )
        with closing(ProductFile(given.path, settings.kind, settings.switches)) as file:
            if given.with_quantity and not file.has_quantity:
                raise Refusal(
                    2,
                    "ファイルに数量の列がないため、--with-quantity は使えません。",
                    "The file has no column of quantities: leave --with-quantity out.",
                )
            shown_at = None
            if given.with_quantity:
                shown_at = min(file.made_at if given.as_of is None else given.as_of, time.time())
            rows = _pages(file.rows())
            page, warnings = next(rows, ()), file.warnings
            sums: dict[str, Any] = dict.fromkeys(COUNTS, 0)
            job: int | None = None
            while True:
                following = next(rows, None)
                told = self._house.ask(
                    partial(
                        ImportFileRows,
                        mall=mall,
                        actor=self._house.actor,
                        job=job,
                        rows=tuple(row for row in page if isinstance(row, FileRow)),
                        refused=sum(isinstance(row, RefusedRow) for row in page),
                        is_last=following is None,
                        is_dry=given.is_dry,
                        lead_time_days=given.lead_time_days,
                        shown_at=shown_at,
                    )
                )
                view = told["view"]
                job = view["job"]
                if given.is_dry:
                    sums = {name: sums[name] + view[name] for name in COUNTS}
                    view = view | sums
                refused = [_refused(row) for row in page if isinstance(row, RefusedRow)]
                yield told | {"view": view, "refused_rows": refused, "warnings": warnings}
                if following is None:
                    return
                page, warnings = following, []

    def settings(self, mall: str, code: str, sub_code: str) -> Body:
        """`settings show`: SettingsView."""
        return self._house.ask(lambda number: AskSettings(number, mall, code, sub_code))

    def set_settings(self, mall: str, code: str, sub_code: str, values: Mapping[str, Any]) -> Body:
        """`settings set`: SettingsView. `values`: fields of SideSettings; None: no more."""
        letter = partial(
            SetSettings,
            mall=mall,
            code=code,
            sub_code=sub_code,
            settings=SideSettings(**values),
            fields=tuple(values),
            actor=self._house.actor,
        )
        return self._house.ask(letter)

    def delete(self, skus: Iterable[str]) -> Body:
        """`delete`: {deleted: [...]}."""
        chosen = tuple(skus)
        return self._house.ask(lambda number: DeleteSkus(number, chosen, self._house.actor))


def _pages(
    rows: Iterator[FileRow | RefusedRow],
) -> Iterator[tuple[FileRow | RefusedRow, ...]]:
    return iter(lambda: tuple(islice(rows, FILE_PAGE_MAX)), ())


def _refused(row: RefusedRow) -> Body:
    names: Sequence[str] = row.__struct_fields__
    return dict(zip(names, to_builtins(row), strict=True))
