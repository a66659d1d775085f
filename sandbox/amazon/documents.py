"""Documents of feeds and reports: URLs on this host that live for five minutes.

The real ones lie in a storage of their own, which knows no access token, speaks XML, and insists
on the content type that was declared. Contract: sections 6 and 7.1.
"""

from __future__ import annotations

import gzip
import secrets
import uuid
from dataclasses import dataclass

from starlette.responses import Response

from sandbox.amazon.answers import NO_SUCH_DOCUMENT, storage_refused
from sandbox.clock import Clock
from sandbox.faults import Family
from sandbox.mall import Call, Endpoint

UPLOADS = "/tortuga/{key}"
DOWNLOADS = "/spdoc/{key}"
URL_LIFE_S = 300.0
LIFE_S_MIN = 60.0  # a fast sandbox must not outrun its callers
DOCUMENTS_MAX = 500  # of each kind; the oldest go first
URLS_MAX = 2_000


@dataclass(slots=True)
class Document:
    """One document; `body` is None until it was uploaded."""

    document_id: str
    content_type: str
    body: bytes | None = None
    is_compressed: bool = False


@dataclass(frozen=True, slots=True)
class _Door:
    """One URL given out."""

    document: Document
    signature: str
    expires_at: float
    encoded: bool  # the download says Content-Encoding, and the client unpacks it by itself


class Documents:
    """The documents of feeds or of reports, by id."""

    def __init__(self, clock: Clock, path: str, prefix: str) -> None:
        self._clock = clock
        self._path = path
        self._prefix = prefix
        self._documents: dict[str, Document] = {}
        self._doors: dict[str, _Door] = {}
        self.base_url = ""  # where this sandbox is; not asked of callers, whose Host may be wrong

    def upload_endpoint(self) -> Endpoint:
        """Return where uploads go."""
        return Endpoint("PUT", self._path, "stock", self._put)

    def download_endpoint(self) -> Endpoint:
        """Return where downloads come from."""
        family: Family = "stock" if self._path == UPLOADS else "items"
        return Endpoint("GET", self._path, family, self._get)

    def make(
        self, content_type: str, body: bytes | None = None, *, packed: bool = False
    ) -> Document:
        """Make a document, empty to be uploaded or whole to be downloaded."""
        document_id = f"{self._prefix}.fe.{uuid.uuid4()}.T{secrets.token_hex(6).upper()}"
        if body is not None and packed:
            body = gzip.compress(body, mtime=0)
        document = Document(document_id, content_type, body, packed)
        self._documents[document_id] = document
        if len(self._documents) > DOCUMENTS_MAX:
            del self._documents[next(iter(self._documents))]
        return document

    def find(self, document_id: str) -> Document | None:
        """Return the document of this id."""
        return self._documents.get(document_id)

    def open(self, document: Document, *, encoded: bool = False) -> str:
        """Give out a URL for it."""
        key, signature = secrets.token_hex(8), secrets.token_hex(32)
        life_s = max(self._clock.sped(URL_LIFE_S), LIFE_S_MIN)
        self._doors[key] = _Door(document, signature, self._clock.now() + life_s, encoded)
        if len(self._doors) > URLS_MAX:
            del self._doors[next(iter(self._doors))]
        path = self._path.replace("{key}", key)
        query = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=300&X-Amz-Signature={signature}"
        return f"{self.base_url}{path}?{query}"

    def _door(self, call: Call) -> _Door | Response:
        door = self._doors.get(call.captures["key"])
        if door is None:
            return storage_refused(404, *NO_SUCH_DOCUMENT)
        if call.query.get("X-Amz-Signature") != door.signature:
            text = "The request signature we calculated does not match the one you provided."
            return storage_refused(403, "SignatureDoesNotMatch", text)
        if door.expires_at <= self._clock.now():
            return storage_refused(403, "AccessDenied", "Request has expired")
        return door

    def _put(self, call: Call) -> Response:
        door = self._door(call)
        if isinstance(door, Response):
            return door
        declared, said = door.document.content_type, call.headers.get("content-type", "")
        if _bare(said) != _bare(declared):
            text = "The content type is not the one that was signed."
            return storage_refused(403, "SignatureDoesNotMatch", text)
        door.document.body = call.body
        return Response(b"", 200, {"ETag": f'"{secrets.token_hex(16)}"'})

    def _get(self, call: Call) -> Response:
        door = self._door(call)
        if isinstance(door, Response):
            return door
        if door.document.body is None:
            return storage_refused(404, *NO_SUCH_DOCUMENT)
        # Not by media_type: starlette would add a charset of its own.
        headers = {"Content-Type": door.document.content_type}
        if door.encoded and door.document.is_compressed:
            headers["Content-Encoding"] = "gzip"
        return Response(door.document.body, 200, headers)


def _bare(content_type: str) -> str:
    return content_type.replace(" ", "").lower()
