"""Operators' letters about a file of totals or links, and their answers' shapes.

    OpenSheet -> SendSheet ... -> ApplySheet -> AskSheet until it is done
                                  DropSheet: nothing of it is applied

Rows are looked through as they arrive; with one refused row nothing of the file is applied.
"""

from typing import Literal

from msgspec import Struct

SheetKind = Literal["totals", "links"]
SHEET_PAGE_MAX = 1_000
"""Rows of one letter of a file."""
SHEET_ROWS_MAX = 1_000_000
"""Rows of one file; one with more is refused."""
SHEET_NAME_MAX = 100
"""Characters of a file's name in the history; the rest is left out."""
SHEET_NOTE_MAX = 200
"""Characters of a row's note; a longer one is refused."""


class SheetRow(Struct, frozen=True, array_like=True):
    """One row of a file: of totals sku, quantity and note; of links the rest and sku."""

    line: int
    """Where it begins; each line once."""
    sku: str
    """"" of a link: what the listing is linked to is released."""
    quantity: int = 0
    note: str = ""
    mall: str = ""
    code: str = ""
    sub_code: str = ""


class OpenSheet(Struct, frozen=True, tag=True):
    """Begins a job; denied while there is another. Reply body: SheetView."""

    id: int
    kind: SheetKind
    name: str
    """The file's, without its folder."""
    as_of: float | None
    """The instant of the totals; None: when the job is confirmed."""
    actor: str
    key: str
    """Made by the sender: the same key again is the same job."""


class SendSheet(Struct, frozen=True, tag=True):
    """Rows of the file, at most SHEET_PAGE_MAX. Reply body: SheetView with what is refused."""

    id: int
    job: int
    rows: tuple[SheetRow, ...]
    refused: int = 0
    """Rows of these lines that the sender refused itself."""


class ApplySheet(Struct, frozen=True, tag=True):
    """Confirms: denied where a row was refused or is missing. Reply body: SheetView."""

    id: int
    job: int
    rows: int
    """How many the sender has sent."""


class DropSheet(Struct, frozen=True, tag=True):
    """Ends a job that is not confirmed; nothing changes. Reply body: SheetView."""

    id: int
    job: int


class AskSheet(Struct, frozen=True, tag=True):
    """How far a job is. Reply body: SheetView."""

    id: int
    job: int


class SheetRefusal(Struct, frozen=True, kw_only=True):
    """A row that is not right, and what to do."""

    line: int
    column: str
    """sku | quantity | note | mall | code; "" the row as a whole."""
    message: str
    message_en: str


class SheetView(Struct, frozen=True, kw_only=True):
    """One job."""

    job: int
    kind: SheetKind
    name: str
    state: str
    """staging | applying | done | dropping | dropped."""
    as_of: float | None
    rows: int
    """Rows that were taken so far."""
    changed: int
    """Those that change something, as it was when they were looked at."""
    unchanged: int
    to_zero: int
    """Totals above 0 that become 0."""
    refused: int
    applied: int
    lost: int
    """Rows that no longer fitted when their turn came: somebody changed what they name."""
    refusals: tuple[SheetRefusal, ...]
    """Of the rows just sent; of a job that is done the first that were lost."""
