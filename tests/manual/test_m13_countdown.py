"""A key's known life, kind by kind: from what the mall tells or an operator noted."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from actors.client_keys import KeyCabinet
from sandbox.server import running

pytestmark = pytest.mark.slow

DAY_S = 86_400.0
LAST = (datetime.now(UTC) + timedelta(days=10)).strftime("%Y-%m-%d")
ISSUED = (datetime.now(UTC) - timedelta(days=170)).strftime("%Y-%m-%d")

CASES: list[tuple[str, Mapping[str, str]]] = [
    ("rakuten", {}),
    ("yahoo", {"public_key_expires_on": LAST}),
    ("amazon", {"secret_issued_on": ISSUED}),
    ("aupay", {"key_expires_on": LAST}),
    ("makeshop", {"token_expires_on": LAST}),
]
"""A key that ends in about ten days: Rakuten tells it, of the others an operator notes it."""


@pytest.mark.parametrize(("kind", "noted"), CASES, ids=[kind for kind, _ in CASES])
def test_the_end_of_each_kinds_key_is_known(
    tmp_path: Path, kind: str, noted: Mapping[str, str]
) -> None:
    with running(kind) as mall:
        credentials = dict(mall.credentials)
        if kind == "rakuten":
            reply = httpx.post(
                f"{mall.url}/_sandbox/credentials", json={"life_s": 10 * DAY_S}, trust_env=False
            )
            credentials = reply.raise_for_status().json()
        config = tmp_path / "zaiko.toml"
        config.write_text(
            f'state_dir = "state"\nbase_mall = "{kind}"\n'
            f'[[malls]]\nname = "{kind}"\nkind = "{kind}"\nbase_url = "{mall.url}"\n'
        )
        cabinet = KeyCabinet(config)
        fields = {field.name for field in cabinet.fields(kind)}
        given = {name: value for name, value in credentials.items() if name in fields}
        cabinet.store(kind, {**given, **noted})
        code, told = cabinet.check(kind)
    assert code == 0, told
    assert told["expires_at"] is not None
    days = (told["expires_at"] - datetime.now(UTC).timestamp()) / DAY_S
    assert 8.5 < days < 11.5
    (row,) = cabinet.list(kind, {kind: told["expires_at"]})
    assert 9 <= row["days_left"] <= 11


def test_yahoos_countdown_takes_the_earlier_of_consent_and_public_key(tmp_path: Path) -> None:
    with running("yahoo") as mall:
        config = tmp_path / "zaiko.toml"
        config.write_text(
            'state_dir = "state"\nbase_mall = "yahoo"\n'
            f'[[malls]]\nname = "yahoo"\nkind = "yahoo"\nbase_url = "{mall.url}"\n'
        )
        cabinet = KeyCabinet(config)
        far = {"public_key_expires_on": "2099-12-31"}
        fields = {field.name for field in cabinet.fields("yahoo")}
        given = {name: value for name, value in mall.credentials.items() if name in fields}
        cabinet.store("yahoo", {**given, **far})
        reply = httpx.get(cabinet.consent("yahoo")["url"], trust_env=False)
        cabinet.redeem("yahoo", reply.headers.get("location") or reply.text)
        code, told = cabinet.check("yahoo")
    assert code == 0, told
    days = (told["expires_at"] - datetime.now(UTC).timestamp()) / DAY_S
    assert 27 < days <= 28.1
