"""Keys: how a request is signed, and how a key is proven.

`Door` is the one way out of this folder: it adds the header, names the pacing bucket and hands
the reply to a reader that raises `MallError` for anything but success. The header and the key
leave it inside a Request only.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from engine.connector import CredentialReport, Reply, Request, Session
from engine.faults import Family, Level, MallError
from malls.rakuten import card, errors
from malls.rakuten.wire import ExpiryReply, Unreadable, decoded, moment

T = TypeVar("T")
Proof = Callable[[], Awaitable[None]]
"""Makes one cheap call of a family; raises MallError if it is refused."""

EXPIRY_PATH = "/es/1.0/license-management/license-key/expiry-date"


def cleaned(secret: str) -> str:
    """A pasted key without blanks and line breaks, which get it refused."""
    return "".join(secret.split())


class Door:
    """Sends this account's requests, signed. One per connection."""

    def __init__(self, session: Session) -> None:
        self._transport = session.transport
        self._secret = cleaned(session.credentials.get("service_secret", ""))
        self._licence = cleaned(session.credentials.get("license_key", ""))
        self.switches: Mapping[str, str] = session.switches

    def is_on(self, switch: str) -> bool:
        """A switch of the settings that is off unless it says true."""
        return self.switches.get(switch, "").strip().lower() == "true"

    async def send(self, request: Request, read: Callable[[Reply], T]) -> tuple[Reply, T]:
        """The reply and what read made of it; read raises MallError for a bad reply."""
        if not (self._secret and self._licence):
            raise MallError(errors.NO_CREDENTIALS, family=request.family, code="no-credentials")
        pair = base64.b64encode(f"{self._secret}:{self._licence}".encode()).decode("ascii")
        signed = {**request.headers, "Authorization": f"ESA {pair}"}
        kept: list[T] = []

        def judge(reply: Reply) -> None:
            # Judging is reading: what passes is kept, so that no body is decoded twice.
            kept[:] = [read(reply)]

        reply = await self._transport.send(
            Request(
                method=request.method,
                path=request.path,
                family=request.family,
                bucket=request.bucket,
                is_safe=request.is_safe,
                headers=signed,
                params=request.params,
                body=request.body,
            ),
            judge,
        )
        return reply, kept[0]

    def failure(self, reply: Reply, family: Family) -> MallError:
        """The fault of a failed reply, by the table and this account's switches."""
        is_key = self.is_on("forbidden_halts")
        return errors.failure(reply, family, is_403_key=is_key)

    def read(self, reply: Reply, family: Family, shape: type[T]) -> T:
        """A good reply's body as its shape; raises MallError for a failed or unreadable one."""
        if not 200 <= reply.status < 300 or errors.failures(reply.body):
            raise self.failure(reply, family)
        try:
            return decoded(reply.body, shape)
        except Unreadable:
            raise errors.unreadable(family) from None

    async def expires_at(self) -> float:
        """When the licence key stops by itself. The key travels in the query: never log params."""

        def read(reply: Reply) -> float:
            text = self.read(reply, Family.LICENCE, ExpiryReply).expires
            try:
                return moment(text)
            except Unreadable:
                raise errors.unreadable(Family.LICENCE) from None

        request = Request(
            method="GET",
            path=EXPIRY_PATH,
            family=Family.LICENCE,
            bucket=card.LICENCE,
            is_safe=True,
            params=(("licenseKey", self._licence),),
        )
        return (await self.send(request, read))[1]


async def check(
    door: Door, needed: Sequence[Proof], spared: Sequence[tuple[str, str, Proof]]
) -> CredentialReport:
    """Proves the key for every family.

    A needed family that fails raises. One the lane can do without, and the licence look-up, only
    warn: refused, they are an operator's affair; failed in passing, they say nothing of the key.
    """
    for proof in needed:
        await proof()
    warnings: list[tuple[str, str]] = []
    for name, name_en, proof in spared:
        try:
            await proof()
        except MallError as error:
            warnings.append(_warning(error, name, name_en))
    expires_at = None
    try:
        expires_at = await door.expires_at()
    except MallError as error:
        warnings.append(_warning(error, "ライセンス有効期限の確認", "licence expiry look-up"))
    return CredentialReport(expires_at=expires_at, warnings=tuple(warnings))


def _warning(error: MallError, name: str, name_en: str) -> tuple[str, str]:
    if error.spec.level is Level.CREDENTIALS:
        return (
            f"{name}が許可されていません({error.code})。RMSで機能にチェックを入れてください。",
            f"The {name_en} is refused ({error.code}): tick its function for the key in RMS.",
        )
    return (
        f"{name}を今は行えませんでした({error.code})。{error.spec.message}",
        f"The {name_en} could not be made now ({error.code}). {error.spec.message_en}",
    )
