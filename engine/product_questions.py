"""Operators' letters about products (imports, links, deletes) and their answers' shapes."""

from msgspec import Struct


class StartImport(Struct, frozen=True, tag=True):
    """Opens (or joins) the import job of a mall. Reply body: ImportView."""

    id: int
    mall: str
    actor: str


class AskImport(Struct, frozen=True, tag=True):
    """Reply body: ImportView."""

    id: int
    job: int


class LinkAuto(Struct, frozen=True, tag=True):
    """Links a page of what the default rule links. Reply body: LinkedView."""

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
    """waiting | running | done."""
    read: int
    total: int | None
    added: int
    updated: int
    gone: int
    linked: int
    conflicts: int
    reason: str = ""
    """Why it waits, when it does."""


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
