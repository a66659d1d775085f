"""Reports API 2021-06-30: the listing reports a catalogue is imported from. Contract: section 7.1.

Tab-separated, one header line, in cp932 with its charset in the Content-Type; a catalogue that
cp932 cannot write comes in UTF-8. There is no lead time and no restock date in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from sandbox.amazon.answers import Problem, decoded, json_reply, wrong_marketplace
from sandbox.amazon.catalogue import FBA_CHANNEL, MFN_CHANNEL, PRICE_YEN, asin, is_buyable, sku_of
from sandbox.amazon.documents import Document, Documents
from sandbox.amazon.feeds import document_reply
from sandbox.amazon.knobs import Knobs
from sandbox.amazon.stamps import offset, open_date
from sandbox.mall import Call, Endpoint
from sandbox.pacing import Rate
from sandbox.shelf import Row
from sandbox.shop import Shop

PATH = "/reports/2021-06-30"
ALL = "GET_MERCHANT_LISTINGS_ALL_DATA"
REPORT_TYPES = (
    ALL,
    "GET_MERCHANT_LISTINGS_DATA",
    "GET_MERCHANT_LISTINGS_INACTIVE_DATA",
    "GET_FLAT_FILE_OPEN_LISTINGS_DATA",
)
REPORTS_MAX = 2_000  # reports remembered; the oldest go first
FIRST_ID = 50_013_019_980

# The English columns in their order; those with a Japanese name make up the Japanese file.
COLUMNS = (
    ("item-name", "商品名"),
    ("item-description", "商品の説明"),
    ("listing-id", "出品ID"),
    ("seller-sku", "出品者SKU"),
    ("price", "価格"),
    ("quantity", "数量"),
    ("open-date", "出品日"),
    ("image-url", ""),
    ("item-is-marketplace", ""),
    ("product-id-type", "商品IDタイプ"),
    ("zshop-shipping-fee", ""),
    ("item-note", "コンディション説明"),
    ("item-condition", "コンディション"),
    ("zshop-category1", ""),
    ("zshop-browse-path", ""),
    ("zshop-storefront-feature", ""),
    ("asin1", "ASIN 1"),
    ("asin2", ""),
    ("asin3", ""),
    ("will-ship-internationally", "国外へ配送可"),
    ("expedited-shipping", "迅速な配送"),
    ("zshop-boldface", ""),
    ("product-id", "商品ID"),
    ("bid-for-featured-placement", ""),
    ("add-delete", ""),
    ("pending-quantity", "在庫数"),  # not the stock, whatever it is called
    ("fulfillment-channel", "フルフィルメント・チャンネル"),
    ("merchant-shipping-group", "merchant-shipping-group"),
    ("status", "ステータス"),
)
OPEN_COLUMNS = (
    ("seller-sku", "出品者SKU"),
    ("asin1", "ASIN"),
    ("price", "価格"),
    ("quantity", "数量"),
)
OPEN_NAMES = {"seller-sku": "sku", "asin1": "asin"}


@dataclass(slots=True)
class Report:
    """One report; moments are monotonic but for `created_at`."""

    report_id: str
    report_type: str
    created_at: float
    created: float
    ended: float
    english: bool
    document: Document | None = None


class Reports:
    """The reports of one merchant."""

    def __init__(self, shop: Shop, documents: Documents, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._documents = documents
        self._knobs = knobs
        self._reports: dict[str, Report] = {}
        self._numbers = itertools.count(FIRST_ID)

    def endpoints(self) -> list[Endpoint]:
        """Return its paths."""
        slow = Rate(0.0167, 15)
        document = f"{PATH}/documents/{{reportDocumentId}}"
        return [
            Endpoint("POST", f"{PATH}/reports", "items", self._create, slow),
            Endpoint("GET", f"{PATH}/reports/{{reportId}}", "items", self._get, Rate(2.0, 15)),
            Endpoint("GET", document, "items", self._get_document, slow),
            self._documents.download_endpoint(),
        ]

    def _create(self, call: Call) -> Response:
        body = decoded(call.body)
        if isinstance(body, Problem):
            return body.reply()
        report_type, marketplaces = body.get("reportType"), body.get("marketplaceIds")
        if report_type not in REPORT_TYPES:
            return Problem(f"Invalid Report Type: {report_type}.").reply()
        if not isinstance(marketplaces, list):
            return Problem("marketplaceIds is required.").reply()
        if problem := wrong_marketplace(marketplaces, "marketplaceIds"):
            return problem.reply()
        options = body.get("reportOptions") or {}
        if not isinstance(options, dict):
            return Problem("reportOptions must be an object.").reply()
        locale = options.get("preferredReportDocumentLocale")
        clock, knobs = self._shop.clock, self._knobs()
        now = clock.monotonic()
        english = knobs.report_headers == "en" or (
            knobs.report_headers == "asked" and isinstance(locale, str) and locale[:2] == "en"
        )
        report = Report(
            report_id=str(next(self._numbers)),
            report_type=str(report_type),
            created_at=clock.now(),
            created=now,
            ended=now + clock.sped(knobs.report_s),
            english=english,
        )
        self._reports[report.report_id] = report
        if len(self._reports) > REPORTS_MAX:
            del self._reports[next(iter(self._reports))]
        # What the report shows is the catalogue as it is at the end of the work.
        self._shop.agenda.add(report.ended, lambda: self._write(report))
        return json_reply({"reportId": report.report_id}, 202)

    def _get(self, call: Call) -> Response:
        report = self._reports.get(call.captures["reportId"])
        if report is None:
            text = "One or more of the provided ReportRequestIds could not be found."
            return Problem(text, 404, "NotFound").reply()
        view: dict[str, object] = {
            "reportType": report.report_type,
            "processingStatus": "IN_QUEUE",
            "marketplaceIds": ["A1VC38T7YXB528"],
            "reportId": report.report_id,
            "dataStartTime": offset(report.created_at),
            "dataEndTime": offset(report.created_at),
            "createdTime": offset(report.created_at),
        }
        if report.document is not None:
            view["processingStatus"] = "DONE"
            view["processingStartTime"] = offset(report.created_at)
            view["processingEndTime"] = offset(report.created_at + report.ended - report.created)
            view["reportDocumentId"] = report.document.document_id
        elif self._shop.clock.monotonic() > (report.created + report.ended) / 2:
            view["processingStatus"] = "IN_PROGRESS"
            view["processingStartTime"] = offset(report.created_at)
        return json_reply(view)

    def _get_document(self, call: Call) -> Response:
        document_id = call.captures["reportDocumentId"]
        return document_reply(call, self._documents, document_id, "reportDocumentId")

    def _write(self, report: Report) -> None:
        is_open = report.report_type == "GET_FLAT_FILE_OPEN_LISTINGS_DATA"
        columns: Sequence[tuple[str, str]] = OPEN_COLUMNS if is_open else COLUMNS
        if not report.english:
            columns = [pair for pair in columns if pair[1]]
        names = [
            (OPEN_NAMES.get(name, name) if is_open else name) if report.english else japanese
            for name, japanese in columns
        ]
        lines = ["\t".join(names)]
        for row in self._shop.shelf.rows():
            cells = _cells(row)
            if _is_in(report.report_type, cells["status"]):
                lines.append("\t".join(cells.get(name, "") for name, _japanese in columns))
        text = "".join(f"{line}\r\n" for line in lines)
        knobs = self._knobs()
        body, charset = _encoded(text, knobs.report_charset)
        media_type = f"text/plain; charset={charset}" if charset else "text/plain"
        report.document = self._documents.make(media_type, body, packed=knobs.gzip_reports)


def _is_in(report_type: str, status: str) -> bool:
    if report_type == ALL:
        return True
    if report_type == "GET_MERCHANT_LISTINGS_INACTIVE_DATA":
        return status == "Inactive"
    return status == "Active"


def _cells(row: Row) -> dict[str, str]:
    sku, item = sku_of(row.key), row.item
    status = "Active" if is_buyable(row, row.quantity) else "Inactive"
    if item is None:
        status = "Incomplete"
    product = asin(sku)
    return {
        "item-name": _cell(row.name if item else ""),
        "listing-id": f"0501{product[2:]}",
        "seller-sku": _cell(sku),
        "price": str(PRICE_YEN),
        "quantity": "" if row.fba else str(row.quantity),
        "open-date": open_date(row.created),
        "item-is-marketplace": "y",
        "product-id-type": "1",
        "item-condition": "11",
        "asin1": product,
        "product-id": product,
        "pending-quantity": "0",
        "fulfillment-channel": FBA_CHANNEL if row.fba else MFN_CHANNEL,
        "merchant-shipping-group": "ネコポス",
        "status": status,
    }


def _cell(text: str) -> str:
    # There is no quoting: what would break the row is taken out.
    return text.translate({9: " ", 10: " ", 13: " "})


def _encoded(text: str, wish: str) -> tuple[bytes, str]:
    if wish != "utf-8":
        try:
            return text.encode("cp932"), "Shift_JIS" if wish == "cp932" else ""
        except UnicodeEncodeError:
            pass
    return text.encode("utf-8", "replace"), "UTF-8"
