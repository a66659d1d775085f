"""Operators' letters about products (imports, links, deletes) and their answers' shapes."""

from msgspec import Struct

from engine.catalogue import SideSettings
from engine.product_file import FileRow

FILE_PAGE_MAX = 500
"""Rows of one letter of a file import: a page holds up an order no longer than this."""


class StartImport(Struct, frozen=True, tag=True):
    """Opens (or joins) the import job of a mall. Reply body: ImportView."""

    id: int
    mall: str
    actor: str


class AskImport(Struct, frozen=True, tag=True):
    """Reply body: ImportView."""

    id: int
    job: int


class AskImportChanges(Struct, frozen=True, tag=True):
    """A page of what an import from a mall changed. Reply body: ImportChangesView."""

    id: int
    job: int
    after: int
    limit: int


class ImportFileRows(Struct, frozen=True, tag=True):
    """Some rows of a file. Reply body: FileImportView."""

    id: int
    mall: str
    actor: str
    job: int | None
    """The job the first page's answer named; None: this is the first page."""
    rows: tuple[FileRow, ...]
    """At most FILE_PAGE_MAX."""
    refused: int
    """Rows the reader refused since the page before."""
    is_last: bool
    is_dry: bool
    """Tells the same and writes nothing."""
    lead_time_days: int | None = None
    """For listings not registered yet (M8)."""
    shown_at: float | None = None
    """The quantities are what the mall showed at this moment; None: they are left alone."""


class AskSettings(Struct, frozen=True, tag=True):
    """Reply body: SettingsView."""

    id: int
    mall: str
    code: str
    sub_code: str


class SetSettings(Struct, frozen=True, tag=True):
    """Edits registered side settings (M9); the mall gets them with the next push. Reply body:
    SettingsView.
    """

    id: int
    mall: str
    code: str
    sub_code: str
    settings: SideSettings
    """What of them `fields` names; None there: registered no more."""
    fields: tuple[str, ...]
    """overdraft | lead_time_days | restock_date."""
    actor: str


class LinkAuto(Struct, frozen=True, tag=True):
    """Links a page of what link rules and the default one link. Reply body: LinkedView."""

    id: int
    mall: str | None
    actor: str
    after: int = 0
    """Listing id to go on after (pages of LINK_PAGE_MAX)."""


class LinkAdd(Struct, frozen=True, tag=True):
    """Links a listing to a SKU, or keeps the claim as a conflict. Reply body: LinkedView."""

    id: int
    sku: str
    mall: str
    code: str
    sub_code: str
    actor: str


class LinkRemove(Struct, frozen=True, tag=True):
    """Ends a link or a claim. Reply body: LinkedView."""

    id: int
    sku: str
    mall: str
    code: str
    sub_code: str
    actor: str


class SetPart(Struct, frozen=True):
    """One component of a set."""

    sku: str
    units: int
    """Units that one unit of the listing takes, 1 to SET_UNITS_MAX."""
    line: int = 0
    """The line of a file it stands in; 0: none."""


class SetWish(Struct, frozen=True):
    """What one listing shall take."""

    mall: str
    code: str
    sub_code: str
    parts: tuple[SetPart, ...]
    """All of its components; (): the listing takes nothing any more and is unlinked."""
    line: int = 0
    """The line of a file it begins in; 0: none."""


class LinkSets(Struct, frozen=True, tag=True):
    """Makes at most LINK_PAGE_MAX sets, or none when a row is refused. Reply body: SetsView."""

    id: int
    wishes: tuple[SetWish, ...]
    actor: str
    dry_run: bool = False
    """Only says what it would do."""


class AskSets(Struct, frozen=True, tag=True):
    """Reply body: SetsPage."""

    id: int
    after: int = 0
    """Listing id to go on after (pages of LINK_PAGE_MAX)."""


class AskConflicts(Struct, frozen=True, tag=True):
    """Reply body: list of ConflictView."""

    id: int


class DeleteSkus(Struct, frozen=True, tag=True):
    """Deletes here only. Reply body: {deleted: [...]}."""

    id: int
    skus: tuple[str, ...]
    actor: str


# --- shapes of the answers' bodies (their JSON is fixed) -----------------------------------------


class ImportView(Struct, frozen=True, kw_only=True):
    """How far an import is."""

    job: int
    mall: str
    state: str
    """waiting | running | done; tried: a dry run."""
    read: int
    total: int | None
    added: int
    updated: int
    gone: int
    linked: int
    conflicts: int
    reason: str = ""
    """Why it waits, when it does."""
    unchanged: int = 0
    refused: int = 0
    """Rows of a file that could not be read."""


class ChangeView(Struct, frozen=True, kw_only=True):
    """One field of one listing that an import changed."""

    code: str
    sub_code: str
    field: str
    old: str
    new: str


class ImportChangesView(Struct, frozen=True, kw_only=True):
    """A page of an import's changes."""

    rows: tuple[ChangeView, ...]
    next: int | None
    """Go on after this; None: that was all."""


class FileImportView(Struct, frozen=True, kw_only=True):
    """What a page of a file did, or would do."""

    view: ImportView
    """Of the job so far; `state` is `tried` for a dry run, whose counts are of this page alone."""
    changes: tuple[ChangeView, ...]


class SettingView(Struct, frozen=True, kw_only=True):
    """One side setting of one listing."""

    field: str
    registered: bool | int | str | None
    mall: bool | int | str | None
    """What the mall last had, by an import or a push; None: not known."""


class SettingsView(Struct, frozen=True, kw_only=True):
    """`settings show`: the settings its kind of mall has."""

    mall: str
    code: str
    sub_code: str
    name: str
    settings: tuple[SettingView, ...]
    is_pushed: bool
    """Whether a push takes the registered ones along (`settings_on_push`)."""
    file_quantity: int | None
    """What a file last said the mall showed."""
    file_at: float | None


class ConflictView(Struct, frozen=True, kw_only=True):
    """One listing claimed by several SKUs."""

    mall: str
    code: str
    sub_code: str
    skus: tuple[str, ...]
    message: str
    message_en: str


class LinkedView(Struct, frozen=True, kw_only=True):
    """What a link command did."""

    linked: int
    unmatched: int
    conflicts: tuple[ConflictView, ...]
    next: int | None = None
    """`link auto`: go on after this listing id; None: that was all."""


class SetRefusal(Struct, frozen=True):
    """Why a set cannot be made."""

    line: int
    column: str
    """mall | code | sku | units."""
    message: str
    message_en: str


class SetsView(Struct, frozen=True, kw_only=True):
    """What `link set` did, or would do; with refusals nothing at all."""

    changed: int
    unchanged: int
    refusals: tuple[SetRefusal, ...]


class SetView(Struct, frozen=True, kw_only=True):
    """One set."""

    mall: str
    code: str
    sub_code: str
    parts: tuple[SetPart, ...]


class SetsPage(Struct, frozen=True, kw_only=True):
    """A page of sets."""

    rows: tuple[SetView, ...]
    next: int | None
    """Go on after this listing id; None: that was all."""
