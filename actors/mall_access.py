"""How one mall is reached: its connector, as settings and a probe make it, and its credentials.

Work takes its connector and its connection once, at its beginning: what changes meanwhile is for
the next one. No call is made here.
"""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import structs

from actors.mall_account import kind_of, switches_of
from actors.mall_http import GatedTransport
from config.settings import MallSettings
from engine.connector import Connection, Credentials, Kind, Session


class MallAccess:
    """One mall account's connector, key and open connection."""

    def __init__(
        self,
        settings: MallSettings,
        kind: Kind,
        transport: GatedTransport,
        save: Callable[[Credentials], Awaitable[None]],
    ) -> None:
        self.settings = settings
        self.kind = kind
        self.credentials: Credentials | None = None
        """None: no key is stored."""
        self.version = 0
        """Of the credentials; told with every heartbeat."""
        self._found: Mapping[str, str] = {}
        self._transport = transport
        self._save = save
        self._connection: Connection | None = None

    @property
    def manner(self) -> str:
        """How it writes, as it is told at each pull."""
        return self.kind.card.manner

    def take_key(self, credentials: Credentials | None, version: int) -> None:
        """Other credentials: the next call is made with them."""
        self.credentials = credentials
        self.version = version
        self._connection = None

    def rotated(self, credentials: Credentials) -> None:
        """The mall gave out others on the open connection, which has them already."""
        self.credentials = credentials

    def take_found(self, found: Mapping[str, str]) -> bool:
        """What a probe found, as the inventory keeps it; whether it is news."""
        if found == self._found:
            return False
        self._found = dict(found)
        self._renew()
        return True

    def reload(self, settings: MallSettings) -> None:
        """Other settings; the address and the sandbox's speed stay, for they need a restart."""
        self.settings = structs.replace(
            settings, base_url=self.settings.base_url, speed=self.settings.speed
        )
        self._renew()

    def _renew(self) -> None:
        self.kind = kind_of(self.settings, self._found)
        self._connection = None

    def open(self) -> Connection:
        """The connection with the present credentials."""
        if self._connection is None:
            self._connection = self.connect(self.credentials or {}, self._transport)
        return self._connection

    def connect(self, credentials: Credentials, transport: GatedTransport) -> Connection:
        """A connection of its own."""
        return self.kind.connect(
            Session(
                transport=transport,
                credentials=credentials,
                switches=switches_of(self.settings, self._found),
                save_credentials=self._save,
            )
        )
