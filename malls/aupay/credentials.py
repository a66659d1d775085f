"""The key: how a call carries it, and how it is proven.

`Door` is the one way out of this folder. The key leaves it inside a Request only. It cannot be
renewed over the API: an operator issues a new one, and zaiko can count down to its last day only
if that day was stored with it. Facts: docs/malls/aupay.md.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from engine.connector import CredentialReport, Reply, Request, Session
from engine.faults import Done, Family, Level, MallError
from malls.aupay import errors
from malls.aupay.card import BUCKET, CALLS
from malls.aupay.wire import HEAD, Node, element, last_day

T = TypeVar("T")
Proof = Callable[[], Awaitable[None]]
"""Makes one cheap call of a family; raises MallError if it is refused."""

NO_LAST_DAY = (
    (
        "APIキーの有効期限が登録されていません（発行から90日で切れます）。"
        "「zaiko key set」で key_expires_on を登録すると期限前にお知らせします。"
    ),
    (
        "The API key's last day is not stored (it ends 90 days after its issue): store"
        " key_expires_on with `zaiko key set` to be warned in time."
    ),
)
"""What an operator is told of a key whose last day zaiko does not know."""

_READ_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
_WRITE_TYPE = {"Content-Type": "application/xml; charset=UTF-8"}


class Door:
    """Sends this shop's calls. One per connection."""

    def __init__(self, session: Session) -> None:
        self._transport = session.transport
        # White space around a pasted key is a known reason for a refused connection.
        self._shop_id = "".join(session.credentials.get("shop_id", "").split())
        self._api_key = "".join(session.credentials.get("api_key", "").split())
        self._expires_on = session.credentials.get("key_expires_on", "").strip()
        self.switches: Mapping[str, str] = session.switches

    def now(self) -> float:
        """Mall time now."""
        return self._transport.now()

    async def get(
        self, method: str, params: Sequence[tuple[str, str]], family: Family, keep: frozenset[str]
    ) -> tuple[Reply, Node]:
        """One read and its good answer; anything else raises `MallError`."""
        request = Request(
            method="GET",
            path=CALLS + method,
            family=family,
            bucket=BUCKET,
            is_safe=True,
            headers=_READ_TYPE,
            params=(("shopId", self._shop_id), *params),
        )
        return await self._send(request, lambda reply: errors.read_reply(reply, family, keep))

    async def post(
        self, method: str, rows: str, family: Family, keep: frozenset[str]
    ) -> tuple[Reply, Node]:
        """One write, sent once; `rows` is what stands in the request after the shop's id."""
        request = Request(
            method="POST",
            path=CALLS + method,
            family=family,
            bucket=BUCKET,
            is_safe=False,
            headers=_WRITE_TYPE,
            body=(f"{HEAD}<request>{element('shopId', self._shop_id)}{rows}</request>").encode(),
        )
        return await self._send(request, lambda reply: errors.read_write(reply, family, keep))

    async def _send(self, request: Request, read: Callable[[Reply], T]) -> tuple[Reply, T]:
        if not (self._shop_id and self._api_key):
            raise errors.refuse(errors.NO_CREDENTIALS_CODE, request.family)
        kept: list[T] = []

        def judge(reply: Reply) -> None:
            # Judging is reading: what passes is kept, so that no body is parsed twice.
            kept[:] = [read(reply)]

        headers = {**request.headers, "Authorization": f"Bearer {self._api_key}"}
        reply = await self._transport.send(
            Request(
                method=request.method,
                path=request.path,
                family=request.family,
                bucket=request.bucket,
                is_safe=request.is_safe,
                headers=headers,
                params=request.params,
                body=request.body,
            ),
            judge,
        )
        return reply, kept[0]

    def report(self, warnings: Sequence[tuple[str, str]]) -> CredentialReport:
        """What is known of a working key: its last day, as far as an operator stored it."""
        expires_at = last_day(self._expires_on) if self._expires_on else None
        told = list(warnings)
        if expires_at is None:
            told.append(NO_LAST_DAY)
        return CredentialReport(expires_at, tuple(told))


def not_done(failed: MallError) -> MallError:
    """The failure of a read that a write needed first: whatever became of it, none was made."""
    return MallError(
        failed.spec,
        family=failed.family,
        code=failed.code,
        subject=failed.subject,
        retry_after_s=failed.retry_after_s,
        done=Done.NOT_DONE,
    )


async def check(
    door: Door, needed: Sequence[Proof], spared: Sequence[tuple[str, str, Proof]]
) -> CredentialReport:
    """Proves the key for every family the lane needs; what it can do without only warns."""
    for proof in needed:
        await proof()
    warnings: list[tuple[str, str]] = []
    for name, name_en, proof in spared:
        try:
            await proof()
        except MallError as error:
            is_refused = error.spec.level is Level.CREDENTIALS
            why, why_en = ("許可されていません", "is refused") if is_refused else (
                "今は確かめられませんでした", "could not be proven now"
            )  # fmt: skip
            warnings.append(
                (f"{name}が{why}({error.code})。", f"The {name_en} {why_en} ({error.code}).")
            )
    return door.report(warnings)
