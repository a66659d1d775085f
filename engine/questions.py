"""The letters between operators' clients and the inventory actor, and the shapes of the answers.

The JSON of the answers' bodies is fixed: other tools rely on it. Every question has an id and is
answered by one `Answer` or `Denied` with the same id. Live events are for whoever watches. Each
subject has its own module; this one names all of their letters and what every subject shares.
"""

from msgspec import Raw, Struct

from engine.fault_questions import AskErrorSummary, AskNotices, ErrorSummaryRow, NoticesView
from engine.mall_questions import (
    AskErrors,
    AskMalls,
    AskStatus,
    ClearedView,
    ClearErrors,
    ControlMall,
    FaultView,
    KeyChanged,
    MallDetail,
    MallView,
    StatusView,
)
from engine.offer_questions import (
    OFFER_PAGE_MAX,
    AskOffer,
    AskOfferChange,
    AskOffers,
    OfferChangePage,
    OfferNumber,
    OfferPage,
    OfferRuleView,
    OfferSetView,
    OffersPage,
    OfferView,
    RemoveOffer,
    SetOffer,
)
from engine.product_questions import (
    FILE_PAGE_MAX,
    AskConflicts,
    AskImport,
    AskImportChanges,
    AskSets,
    AskSettings,
    ChangeView,
    ConflictView,
    DeleteSkus,
    FileImportView,
    ImportChangesView,
    ImportFileRows,
    ImportView,
    LinkAdd,
    LinkAuto,
    LinkedView,
    LinkRemove,
    LinkSets,
    SetPart,
    SetRefusal,
    SetSettings,
    SetsPage,
    SetsView,
    SettingsView,
    SettingView,
    SetView,
    SetWish,
    StartImport,
)
from engine.reflect_questions import (
    REFLECT_SKUS_MAX,
    AskReflect,
    AskReflectJobs,
    ReflectJobView,
    ReflectRow,
    ReflectView,
    ResumeReflect,
    StartReflect,
    StartReflectJob,
    StopReflect,
)
from engine.release_questions import (
    SHADOW_PAGE_MAX,
    WAITING_ROWS_MAX,
    Approve,
    ApprovedView,
    AskShadow,
    AskWaiting,
    GoLive,
    LiveView,
    PlannedRow,
    ShadowPage,
    UndoneView,
    UndoStock,
    WaitingView,
)
from engine.rule_questions import (
    RULE_TEST_ROWS_MAX,
    AskRules,
    AskRuleTest,
    MakeRules,
    ReadyRules,
    RemoveRule,
    RuleRefusal,
    RulesDue,
    RulesView,
    RuleTestRow,
    RuleTestView,
    RuleView,
    RuleWish,
)
from engine.sheet_questions import (
    SHEET_NAME_MAX,
    SHEET_NOTE_MAX,
    SHEET_PAGE_MAX,
    SHEET_ROWS_MAX,
    ApplySheet,
    AskSheet,
    DropSheet,
    OpenSheet,
    SendSheet,
    SheetKind,
    SheetRefusal,
    SheetRow,
    SheetView,
)
from engine.stock_questions import (
    TAKE_PAGE_MAX,
    AdjustStock,
    AskHistory,
    AskStock,
    AskTotal,
    BringStock,
    CountedSku,
    HistoryPage,
    HistoryRow,
    ListingView,
    SetStock,
    SetSync,
    StockFilter,
    StockPage,
    StockRowView,
    StockSort,
    SyncedView,
    TakenRow,
    TakenView,
    TakeRefused,
    TakeStock,
    TotalView,
)

__all__ = [
    "FILE_PAGE_MAX",
    "LINK_PAGE_MAX",
    "OFFER_PAGE_MAX",
    "REFLECT_PAGE_MAX",
    "REFLECT_SKUS_MAX",
    "RULE_TEST_ROWS_MAX",
    "SHADOW_PAGE_MAX",
    "SHEET_NAME_MAX",
    "SHEET_NOTE_MAX",
    "SHEET_PAGE_MAX",
    "SHEET_ROWS_MAX",
    "TAKE_PAGE_MAX",
    "WAITING_ROWS_MAX",
    "AdjustStock",
    "Answer",
    "ApplySheet",
    "Approve",
    "ApprovedView",
    "AskConflicts",
    "AskErrorSummary",
    "AskErrors",
    "AskHistory",
    "AskImport",
    "AskImportChanges",
    "AskMalls",
    "AskNotices",
    "AskOffer",
    "AskOfferChange",
    "AskOffers",
    "AskReflect",
    "AskReflectJobs",
    "AskRuleTest",
    "AskRules",
    "AskSets",
    "AskSettings",
    "AskShadow",
    "AskSheet",
    "AskStatus",
    "AskStock",
    "AskTotal",
    "AskWaiting",
    "BringStock",
    "ChangeView",
    "ClearErrors",
    "ClearedView",
    "ConflictView",
    "ControlMall",
    "CountedSku",
    "DeleteSkus",
    "Denied",
    "DropSheet",
    "ErrorSummaryRow",
    "Event",
    "FaultView",
    "FileImportView",
    "FromClient",
    "GoLive",
    "HistoryPage",
    "HistoryRow",
    "ImportChangesView",
    "ImportFileRows",
    "ImportView",
    "KeyChanged",
    "LinkAdd",
    "LinkAuto",
    "LinkRemove",
    "LinkSets",
    "LinkedView",
    "ListingView",
    "LiveView",
    "MakeRules",
    "MallDetail",
    "MallView",
    "NoticesView",
    "OfferChangePage",
    "OfferNumber",
    "OfferPage",
    "OfferRuleView",
    "OfferSetView",
    "OfferView",
    "OffersPage",
    "OpenSheet",
    "PlannedRow",
    "ReadyRules",
    "ReflectJobView",
    "ReflectRow",
    "ReflectView",
    "RemoveOffer",
    "RemoveRule",
    "ResumeReflect",
    "RuleRefusal",
    "RuleTestRow",
    "RuleTestView",
    "RuleView",
    "RuleWish",
    "RulesDue",
    "RulesView",
    "SendSheet",
    "SetOffer",
    "SetPart",
    "SetRefusal",
    "SetSettings",
    "SetStock",
    "SetSync",
    "SetView",
    "SetWish",
    "SetsPage",
    "SetsView",
    "SettingView",
    "SettingsView",
    "ShadowPage",
    "SheetKind",
    "SheetRefusal",
    "SheetRow",
    "SheetView",
    "StartImport",
    "StartReflect",
    "StartReflectJob",
    "StatusView",
    "StockFilter",
    "StockPage",
    "StockRowView",
    "StockSort",
    "StopReflect",
    "SyncedView",
    "TakeRefused",
    "TakeStock",
    "TakenRow",
    "TakenView",
    "ToClient",
    "TotalView",
    "UndoStock",
    "UndoneView",
    "WaitingView",
]

# --- operator's client -> inventory -----------------------------------------------------------

FromClient = (
    AskStatus
    | AskMalls
    | AskErrors
    | AskErrorSummary
    | AskNotices
    | ClearErrors
    | ControlMall
    | KeyChanged
    | StartImport
    | AskImport
    | AskImportChanges
    | ImportFileRows
    | AskSettings
    | SetSettings
    | LinkAuto
    | LinkAdd
    | LinkRemove
    | LinkSets
    | AskSets
    | MakeRules
    | ReadyRules
    | RemoveRule
    | AskRules
    | AskRuleTest
    | AskConflicts
    | AskStock
    | SetStock
    | AdjustStock
    | BringStock
    | TakeStock
    | SetSync
    | AskTotal
    | StartReflect
    | AskReflect
    | StartReflectJob
    | StopReflect
    | ResumeReflect
    | AskReflectJobs
    | AskHistory
    | DeleteSkus
    | AskWaiting
    | Approve
    | AskShadow
    | GoLive
    | UndoStock
    | SetOffer
    | RemoveOffer
    | AskOffers
    | AskOffer
    | AskOfferChange
    | OpenSheet
    | SendSheet
    | ApplySheet
    | DropSheet
    | AskSheet
)

LINK_PAGE_MAX = 1_000
"""Listings of one link letter."""
REFLECT_PAGE_MAX = 500
"""Listings of one reflect letter."""


# --- inventory -> operator's client -----------------------------------------------------------


class Answer(Struct, frozen=True, tag=True):
    """The body is msgpack of the shape the question names; a list is a list of maps."""

    id: int
    body: Raw


class Denied(Struct, frozen=True, tag=True):
    """Not done, and nothing changed (but what `done` of a partly allowed question says)."""

    id: int
    exit_code: int
    """2 usage, 3 not possible now."""
    message: str
    message_en: str


ToClient = Answer | Denied


# --- live events (PUB) ------------------------------------------------------------------------


class Event(Struct, frozen=True, tag=True):
    """Something an operator watching would like to see; nothing depends on it."""

    at: float
    action: str
    """order | push | fault | healed | settled | difference | adopted | oversold | breaker |
    approved | mall | import | offers | reflect."""
    mall: str
    subject: str
    """SKU, listing or order number."""
    text: str
    text_en: str
    quantity: int | None = None
