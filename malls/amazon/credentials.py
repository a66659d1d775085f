"""Access to Amazon: the token of Login with Amazon, and what a refused call means.

`Access` sends every call. It keeps the access token in memory, renews it before its end and once
when a call says that it is not taken; that call is then repeated once, a write too, because a 401
or 403 is known not done. One renewal at a time serves all who wait.

    403, words             token ended / refused   secret ended     none of them
    then                   renew once, repeat      level 9          level 8; level 9 once it has
    again                  level 9                                  stayed for half an hour

A changed refresh token is stored before it is used. No secret enters an error or leaves this
module but in a request. Facts: docs/malls/amazon.md.
"""

import asyncio
import datetime as dt
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

from engine.connector import CredentialReport, Credentials, Reply, Request, Session
from engine.faults import Done, Family, MallError
from malls.amazon import card, errors
from malls.amazon.wire import TokenReply, Unreadable, decoded

T = TypeVar("T")

TOKEN_MARGIN_S: Final = 60.0
"""A token is renewed this long before its end, or a tenth of its life if that is less."""
TOKEN_LIFE_S_MAX: Final = 86_400.0
"""A token that claims a longer life is renewed after this all the same."""
FORBIDDEN_S: Final = 1800.0
"""A 403 without a reason halts the mall once it has stayed this long: all of Amazon's sellers once
had it for 25 minutes."""
FORBIDDEN_TRIES: Final = 3
"""And was answered this often in a row."""
ISSUED_ON: Final = "secret_issued_on"

USER_AGENT: Final = f"zaiko/1.0 (Language=Python/{platform.python_version()})"
"""As the developer guide asks for it."""
JSON: Final = {"content-type": "application/json"}
_FORM: Final = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}
_END_UNKNOWN: Final = (
    "クライアントシークレットの発行日が登録されていないため、期限(180日)の前に警告できません。",
    "The day the client secret was issued is not stored: its end (180 days) comes unwarned.",
)
_NEEDED: Final = ("seller_id", "client_id", "client_secret", "refresh_token")


class Access:
    """One seller's access, for one connection; see the module."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._transport = session.transport
        self._credentials = {
            name: "".join(value.split()) for name, value in session.credentials.items()
        }
        self.switches: Mapping[str, str] = session.switches
        self.speed = card.speed_of(session.switches)
        self._token = ""
        self._token_until = float("-inf")
        self._renewal = asyncio.Lock()
        self._rates: dict[str, float] = {}
        self._forbidden: dict[str, tuple[int, float]] = {}

    @property
    def seller(self) -> str:
        """The merchant token, as a path takes it."""
        return quote(self.seller_id, safe="")

    @property
    def seller_id(self) -> str:
        """The merchant token."""
        return self._credentials.get("seller_id", "")

    @property
    def marketplace(self) -> str:
        """The marketplace all calls are about."""
        return self._credentials.get("marketplace_id", "") or card.MARKETPLACE_ID

    def now(self) -> float:
        """Mall time now."""
        return self._transport.now()

    async def call(self, request: Request, read: Callable[[Reply], T]) -> tuple[Reply, T]:
        """The reply and what `read` made of it; `read` raises MallError for a bad reply."""
        token = await self._valid_token()
        kept: list[T] = []

        def judge(reply: Reply) -> None:
            kept.clear()
            try:
                kept.append(read(reply))
            except MallError as failed:
                if reply.status == 429:
                    # No Retry-After is given, and the burst is used up: one turn must come back.
                    failed.retry_after_s = self.pause_s(request.bucket)
                if failed.code == errors.FORBIDDEN and self._has_stayed(request.bucket, reply):
                    stays = errors.refuse(errors.FORBIDDEN_STAYS, request.family)
                    raise stays from failed
                raise
            self._learn(request.bucket, reply)

        def judge_first(reply: Reply) -> None:
            kept.clear()
            # A token that is not taken is no fault yet: it is renewed and the call repeated.
            if errors.refusal(reply) not in _RENEWED:
                judge(reply)

        reply = await self._transport.send(self._dressed(request, token), judge_first)
        if not kept:
            token = await self._renewed_token(token)
            reply = await self._transport.send(self._dressed(request, token), judge)
        return reply, kept[0]

    async def plain(self, request: Request, read: Callable[[Reply], T]) -> tuple[Reply, T]:
        """As `call`, to an address that must not see the token: where feeds' files lie."""
        kept: list[T] = []

        def judge(reply: Reply) -> None:
            kept.clear()
            kept.append(read(reply))

        reply = await self._transport.send(request, judge)
        return reply, kept[0]

    def read(self, reply: Reply, family: Family, shape: type[T]) -> T:
        """A good reply's body as its shape; raises MallError for a failed or unreadable one."""
        if not 200 <= reply.status < 300:
            raise errors.failure(reply, family)
        try:
            return decoded(reply.body, shape)
        except Unreadable:
            raise errors.unreadable(family) from None

    def pause_s(self, bucket: str) -> float:
        """How long a refused bucket needs for one turn: by the rate told to us, else published."""
        told = self._rates.get(bucket)
        return 1 / told if told else card.INTERVAL_S[bucket] / self.speed

    async def refresh(self) -> None:
        """Proves the refresh token by using it."""
        await self._renewed_token(self._token)

    @property
    def secret_ends_at(self) -> float | None:
        """When the client secret ends, if the day it was issued is stored."""
        text = self._credentials.get(ISSUED_ON, "")
        try:
            issued = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
            return issued.timestamp() + card.SECRET_LIFE_S
        except (ValueError, OverflowError):
            return None

    def forgive(self, bucket: str) -> None:
        """The last 403 was about what was asked for, not about the right to ask."""
        self._forbidden.pop(bucket, None)

    def _has_stayed(self, bucket: str, reply: Reply) -> bool:
        """Notes a 403 without a reason; whether it has stayed for too long."""
        tries, since = self._forbidden.get(bucket, (0, reply.received_at))
        self._forbidden[bucket] = (tries + 1, since)
        stayed_s = (reply.received_at - since) * self.speed
        return tries + 1 >= FORBIDDEN_TRIES and stayed_s >= FORBIDDEN_S

    def _learn(self, bucket: str, reply: Reply) -> None:
        self.forgive(bucket)
        if rate := errors.rate_told(reply):
            self._rates[bucket] = rate

    def _dressed(self, request: Request, token: str) -> Request:
        return Request(
            method=request.method,
            path=request.path,
            family=request.family,
            bucket=request.bucket,
            is_safe=request.is_safe,
            headers={**request.headers, "x-amz-access-token": token, "user-agent": USER_AGENT},
            params=request.params,
            body=request.body,
        )

    # --- the token ------------------------------------------------------------------------------

    async def _valid_token(self) -> str:
        if self._token and self.now() < self._token_until:
            return self._token
        return await self._renewed_token(self._token)

    async def _renewed_token(self, refused: str) -> str:
        """A token other than the one refused."""
        async with self._renewal:
            if self._token == refused:
                await self._renew()
            return self._token

    async def _renew(self) -> None:
        if not all(self._credentials.get(name, "") for name in _NEEDED):
            raise errors.refuse(errors.NO_CREDENTIALS, Family.AUTH)
        self._token = ""
        try:
            told = await self._ask_token()
        except MallError as failed:
            # Whatever became of the renewal, the call it was for has not been sent.
            raise MallError(
                failed.spec,
                family=failed.family,
                code=failed.code,
                retry_after_s=failed.retry_after_s,
                done=Done.NOT_DONE,
            ) from failed
        if told.refresh_token not in ("", self._credentials["refresh_token"]):
            rotated = {**self._credentials, "refresh_token": told.refresh_token}
            await self._save(rotated)
            self._credentials = rotated
        life_s = min(max(told.expires_in, 0.0), TOKEN_LIFE_S_MAX)
        self._token_until = self.now() + life_s - min(TOKEN_MARGIN_S, life_s / 10)
        self._token = told.access_token

    async def _save(self, rotated: Credentials) -> None:
        await self._session.save_credentials(rotated)

    async def _ask_token(self) -> TokenReply:
        credentials = self._credentials
        fields = {
            "grant_type": "refresh_token",
            "refresh_token": credentials["refresh_token"],
            "client_id": credentials["client_id"],
            "client_secret": credentials["client_secret"],
        }
        base = self.switches.get("auth_url", "").rstrip("/") or card.AUTH_URL
        request = Request(
            method="POST",
            path=f"{base}/auth/o2/token",
            family=Family.AUTH,
            bucket=card.LWA,
            # A refresh token is not used up by a refresh: asking twice does no harm.
            is_safe=True,
            headers={**_FORM, "user-agent": USER_AGENT},
            body=urlencode(fields).encode("ascii"),
        )

        def read(reply: Reply) -> TokenReply:
            told = self.read(reply, Family.AUTH, TokenReply)
            if not (told.access_token.isascii() and told.access_token.isprintable()):
                raise errors.unreadable(Family.AUTH)
            if not told.access_token:
                raise errors.unreadable(Family.AUTH)
            return told

        return (await self.plain(request, read))[1]


_RENEWED: Final = frozenset({errors.ACCESS_ENDED, errors.ACCESS_REFUSED, "http-401"})
"""Refusals that a new token may cure."""


def get(
    path: str,
    family: Family,
    bucket: str,
    params: Sequence[tuple[str, str]] = (),
) -> Request:
    """A safe read."""
    return Request(
        method="GET", path=path, family=family, bucket=bucket, is_safe=True, params=tuple(params)
    )


async def check(
    access: Access, proofs: Sequence[Callable[[], Awaitable[None]]]
) -> CredentialReport:
    """Proves the credentials for every family the lane needs.

    An operator who asks is told of a 403 without a reason at once: nothing halts by it here.
    """
    await access.refresh()
    for proof in proofs:
        try:
            await proof()
        except MallError as failed:
            if failed.code != errors.FORBIDDEN:
                raise
            raise errors.refuse(errors.FORBIDDEN_STAYS, failed.family) from failed
    ends_at = access.secret_ends_at
    return CredentialReport(expires_at=ends_at, warnings=() if ends_at else (_END_UNKNOWN,))
