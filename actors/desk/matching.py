"""Link rules tried on listings: which SKUs each names, by keys that are stored or made on the spot.

Nothing here writes, so that imports, their dry runs, `link auto` and tests of rules all see the
same. A rule whose keys are not ready is left out: half of them could hide that a key is ambiguous.
"""

from collections.abc import Iterable, Mapping, Sequence

from actors.desk.account import Account
from actors.store import Connection
from actors.store.rule_key_rows import base_skus
from actors.store.store import Store
from engine.catalogue import CatalogueRow
from engine.link_rules import (
    KEYS_MADE,
    RULE_CANDIDATES_MAX,
    LinkRule,
    Match,
    Side,
    judge,
    key_of,
)

Keys = Mapping[str, Sequence[int]]
"""Key -> the SKUs it names."""


def base_of(accounts: Iterable[Account]) -> Account | None:
    """The base mall; None where it was taken out of the settings."""
    return next((account for account in accounts if account.is_base), None)


def made_of(base: Account) -> str:
    """What keys of this base mall are made of."""
    return f"{base.id}/{KEYS_MADE}"


class Matcher:
    """The rules of every mall as they are now."""

    def __init__(self, store: Store, connection: Connection, base: Account | None) -> None:
        self._store = store
        self._connection = connection
        self._base = base
        self._tried: Keys = {}
        self.rules: dict[int, list[LinkRule]] = {}
        """Mall id -> what is tried, in order."""
        self.not_ready: dict[int, int] = {}
        """Mall id -> how many rules are left out."""
        if base is None:
            return
        basis = made_of(base)
        for kept in store.rules.kept(connection):
            if kept.is_ready(basis):
                self.rules.setdefault(kept.mall_id, []).append(kept.rule)
            else:
                self.not_ready[kept.mall_id] = self.not_ready.get(kept.mall_id, 0) + 1

    def try_out(self, mall_id: int, rules: Sequence[LinkRule], keys: Keys) -> None:
        """Takes these rules for a mall's; `keys` are of the one without an id."""
        self.rules[mall_id] = list(rules)
        self._tried = keys

    def judge(self, mall_id: int, rows: Iterable[tuple[int, CatalogueRow]]) -> dict[int, Match]:
        """What becomes of a page of a mall's listings, by id; the unmatched are left out."""
        return judge(rows, self.rules.get(mall_id, ()), self._find)

    def _find(self, rule: LinkRule | None, keys: Sequence[str]) -> Keys:
        if rule is None:
            skus = self._store.listings.skus_by_code(self._connection, keys)
            return {code: (sku.id,) for code, sku in skus.items()}
        if rule.id == 0:
            return self._tried
        assert self._base is not None
        return self._store.rule_keys.candidates(self._connection, rule.id, self._base.id, keys)


def keys_of_base(connection: Connection, base: Account, rule: LinkRule) -> dict[str, list[int]]:
    """Every key of the base mall by a rule that has none stored; memory grows with the mall."""
    found: dict[str, list[int]] = {}
    for row, sku_id in base_skus(connection, base.id):
        key = key_of(rule, Side.BASE, row)
        named = found.setdefault(key, []) if key else []
        if len(named) < RULE_CANDIDATES_MAX and sku_id not in named:
            named.append(sku_id)
    return found
