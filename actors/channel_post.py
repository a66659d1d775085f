"""The one place that speaks to notification services, through the apprise library.

Its log names addresses, so none of it is kept: only a status is read out of it.
"""

import logging
import re
from typing import Final

import apprise

POST_S_MAX: Final = 30.0
"""How long the delivery of one message may take."""
_UNREACHED: Final = "Connection error"
_STATUS: Final = re.compile(r"\berror=(\d{3})\b")

# Without a handler of its own and without heirs: what the library says of an address stays here.
_LOG: Final = logging.getLogger("apprise")
_LOG.setLevel(logging.WARNING)
_LOG.propagate = False
_LOG.addHandler(logging.NullHandler())
for _chatty in ("requests", "urllib3", "oauthlib", "requests_oauthlib"):
    logging.getLogger(_chatty).setLevel(logging.ERROR)


class NoSuchService(Exception):
    """The address is of no service that the library knows, or lacks a part."""

    def __init__(self) -> None:
        super().__init__("the address is not understood")


class Post:
    """Delivers messages to one address."""

    def __init__(self, address: str) -> None:
        """Raises NoSuchService."""
        # Nothing is written to disk, and no file of another place is read.
        asset = apprise.AppriseAsset(
            app_id="zaiko",
            app_desc="zaiko",
            app_url="",
            storage_mode=apprise.PersistentStoreMode.MEMORY,
            pgp_autogen=False,
            pem_autogen=False,
            http_redirects=False,
        )
        self._service = apprise.Apprise(asset=asset)
        if not self._service.add(address):
            raise NoSuchService

    def deliver(self, title: str, text: str) -> str:
        """Sends one message, within `POST_S_MAX`. "" when it arrived, else why not: no address.

        Blocks; may be called from any thread.
        """
        said: list[str] = []
        result = self._service.notify(
            body=text,
            title=title,
            body_format=apprise.NotifyFormat.TEXT,
            timeout=POST_S_MAX,
            log_callback=lambda entry, _service: said.append(str(entry.message)),
            log_level=logging.WARNING,
        )
        if result:
            return ""
        if result.timeout_count:
            return "timeout"
        codes = [found.group(1) for line in said if (found := _STATUS.search(line))]
        if codes:
            return f"http-{codes[-1]}"
        return "no-connection" if any(_UNREACHED in line for line in said) else "refused"
