"""A transport with answers laid ready, and the bodies the tests lay there."""

from collections.abc import Callable, Mapping

from engine.connector import Credentials, Reply, Request, Session

CREDENTIALS = {
    "seller_id": "demo-store",
    "client_id": "client-1",
    "client_secret": "s3cr3t",
    "refresh_token": "RT-1",
}
NOW = 1_789_520_400.0  # 2026-09-16T10:00:00+09:00
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
EXPIRED = (
    '<?xml version="1.0" encoding="utf-8" ?>\n<Error>\n<Message>\nPlease provide valid credentials.'
    ' Bearer realm="yahooapis.jp", error="invalid_token", error_description="expired token"\n'
    "</Message>\n</Error>"
)


def answer(body: str | bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    raw = body.encode() if isinstance(body, str) else body
    return Reply(status=status, headers=headers or {}, body=raw, sent_at=NOW, received_at=NOW + 1)


def token(access: str = "AT-1", expires_in: int = 3600, **more: str) -> Reply:
    rest = "".join(f',"{name}":"{value}"' for name, value in more.items())
    return answer(
        f'{{"access_token":"{access}","token_type":"Bearer","expires_in":{expires_in}{rest}}}'
    )


def error(code: str, message: str = "no", namespace: str = "") -> str:
    return f"{XML}<Error{namespace}><Message>{message}</Message><Code>{code}</Code></Error>"


class FakeTransport:
    """Gives out, per path end, the replies laid there in turn; the last one stays."""

    def __init__(self, **replies: Reply | list[Reply | Exception]) -> None:
        self.at = NOW
        self.sent: list[Request] = []
        self._replies: dict[str, list[Reply | Exception]] = {"token": [token()]}
        for name, laid in replies.items():
            self._replies[name] = list(laid) if isinstance(laid, list) else [laid]

    async def send(self, request: Request, judge: Callable[[Reply], None]) -> Reply:
        self.sent.append(request)
        laid = self._replies[request.path.rpartition("/")[2]]
        reply = laid.pop(0) if len(laid) > 1 else laid[0]
        if isinstance(reply, Exception):
            raise reply
        judge(reply)
        return reply

    def now(self) -> float:
        return self.at

    def calls(self, name: str) -> list[Request]:
        return [request for request in self.sent if request.path.endswith("/" + name)]


class Vault:
    """Where rotated credentials are stored; remembers when, by the calls made before."""

    def __init__(self) -> None:
        self.saved: list[Credentials] = []

    async def save(self, credentials: Credentials) -> None:
        self.saved.append(credentials)


def session(
    transport: FakeTransport,
    credentials: Mapping[str, str] | None = None,
    switches: Mapping[str, str] | None = None,
    vault: Vault | None = None,
) -> Session:
    return Session(
        transport=transport,
        credentials=CREDENTIALS if credentials is None else credentials,
        switches=switches or {},
        save_credentials=(vault or Vault()).save,
    )
