"""Token and key: how a call carries them, and how they are proven.

`Door` is the one way out of this folder. Every call names the mall's time; a clock that is far off
would look like a refused token, so a refusal is answered once with the time that the mall itself
told before it is believed. Facts: docs/malls/makeshop.md.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic

import msgspec
from msgspec import Struct

from engine.connector import CredentialReport, Reply, Request, Session
from engine.faults import Family, Level, MallError
from malls.makeshop import errors
from malls.makeshop.card import BUCKET, PATH
from malls.makeshop.wire import T, last_day

Proof = Callable[[], Awaitable[None]]
"""Makes one cheap call of a family; raises MallError if it is refused."""

SKEW_S_MAX = 300.0
"""A refused call whose time was off by more is repeated once with the mall's own time."""


class Call(Struct, Generic[T], frozen=True):
    """One operation: a document, its input, and the shape of its answer."""

    name: str
    document: str
    family: Family
    shape: type[T]
    is_safe: bool = True


class Door:
    """Sends this shop's calls. One per connection."""

    def __init__(self, session: Session) -> None:
        self._transport = session.transport
        # Copied together with the header's name now and then.
        self._token = "".join(session.credentials.get("token", "").split()).removeprefix("Bearer")
        self._api_key = "".join(session.credentials.get("api_key", "").split())
        self._endpoint = session.credentials.get("endpoint", "").strip()
        self._expires_on = session.credentials.get("token_expires_on", "").strip()
        self.switches: Mapping[str, str] = session.switches

    def now(self) -> float:
        """Mall time now."""
        return self._transport.now()

    async def ask(self, call: Call[T], given: Mapping[str, Any] | None) -> tuple[Reply, T]:
        """The reply and its answer; anything but a good one raises `MallError`."""
        if not (self._token and self._api_key):
            raise errors.refuse(errors.NO_CREDENTIALS_CODE, call.family)
        kept: list[T] = []

        def judge(reply: Reply) -> None:
            # Judging is reading: what passes is kept, so that no body is decoded twice.
            kept[:] = [errors.read_reply(reply, call.family, call.name, call.shape)]

        stamp = int(self._transport.now())

        def judge_first(reply: Reply) -> None:
            is_off = abs(reply.sent_at - stamp) > SKEW_S_MAX
            if not (is_off and errors.is_credential_refused(reply)):
                judge(reply)

        reply = await self._transport.send(self._request(call, given, stamp), judge_first)
        if not kept:
            # Refused before any effect, so that a write may be sent again as well.
            stamp = int(self._transport.now())
            reply = await self._transport.send(self._request(call, given, stamp), judge)
        return reply, kept[0]

    def report(self, warnings: Sequence[tuple[str, str]]) -> CredentialReport:
        """What is known of a working token: its last day, should it have one."""
        expires_at = last_day(self._expires_on) if self._expires_on else None
        return CredentialReport(expires_at, tuple(warnings))

    def _request(self, call: Call[T], given: Mapping[str, Any] | None, stamp: int) -> Request:
        variables = {} if given is None else {"input": given}
        body = {"query": call.document, "variables": variables, "operationName": None}
        return Request(
            method="POST",
            path=self._path(call.family),
            family=call.family,
            bucket=BUCKET,
            is_safe=call.is_safe,
            headers={
                "authorization": f"Bearer {self._token}",
                "x-api-key": self._api_key,
                "x-timestamp": str(stamp),
                "content-type": "application/json",
            },
            body=msgspec.json.encode(body),
        )

    def _path(self, family: Family) -> str:
        base_url = self.switches.get("base_url", "").rstrip("/")
        if base_url:
            # A sandbox is where the settings say; it may be named with or without the path.
            return base_url if base_url.endswith(PATH) else PATH
        if not self._endpoint:
            return PATH
        if not self._endpoint.startswith("https://"):
            raise errors.refuse(errors.ENDPOINT_CODE, family)
        return self._endpoint


class ShopReply(Struct):
    """getShop: that it answers is all."""


SHOP = Call(
    "getShop", "query getShop{getShop{shop{shopName}}}", family=Family.AUTH, shape=ShopReply
)


async def prove_shop(door: Door) -> None:
    """The vendor's own connection test."""
    await door.ask(SHOP, None)


async def check(
    door: Door, needed: Sequence[Proof], spared: Sequence[tuple[str, str, Proof]]
) -> CredentialReport:
    """Proves the token for every family the lane needs; what it can do without only warns."""
    for proof in needed:
        await proof()
    warnings: list[tuple[str, str]] = []
    for name, name_en, proof in spared:
        try:
            await proof()
        except MallError as error:
            warnings.append(_warning(error, name, name_en))
    return door.report(warnings)


def _warning(error: MallError, name: str, name_en: str) -> tuple[str, str]:
    if error.spec.level is Level.CREDENTIALS:
        return (
            f"{name}が許可されていません({error.code})。API利用設定で権限を追加してください。",
            f"The {name_en} is refused ({error.code}): add its right in API利用設定.",
        )
    return (
        f"{name}を今は確かめられませんでした({error.code})。",
        f"The {name_en} could not be proven now ({error.code}).",
    )
