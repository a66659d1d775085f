"""Link rules (紐づけ条件) as operators keep them, and the keys of the base mall made for them.

    added --keys made, a page a turn--> ready --removed--> its keys go, a page a turn --> gone

A rule is tried once all its keys are there. They are made by the command that added it and, should
that end, by the tick. Base listings bring the keys of every rule up to date as they are registered.
"""

from collections.abc import Iterable, Mapping, Sequence

from actors.desk.account import Account
from actors.desk.matching import base_of, made_of
from actors.desk.turn import Turn
from actors.store import Connection
from actors.store.rule_key_rows import base_page
from actors.store.rule_rows import KeptRule
from actors.store.store import Store
from engine.catalogue import CatalogueRow
from engine.link_rules import (
    JOIN_CHARACTERS_MAX,
    RULES_MAX,
    Field,
    Fold,
    LinkRule,
    Side,
    is_same,
    key_of,
    placed,
)
from engine.questions import (
    LINK_PAGE_MAX,
    MakeRules,
    ReadyRules,
    RemoveRule,
    RuleRefusal,
    RulesDue,
    RulesView,
    RuleView,
    RuleWish,
)


def make_rules(
    turn: Turn, accounts: Mapping[str, Account], letter: MakeRules, sender: bytes
) -> None:
    """Adds and moves rules, or says of each what is wrong and leaves all as they are."""
    page = _Page(turn, accounts)
    for wish in letter.wishes:
        page.take(wish)
    if page.refusals:
        view = RulesView(added=0, moved=0, unchanged=0, rules=(), refusals=tuple(page.refusals))
    else:
        if not letter.dry_run:
            page.write()
        view = RulesView(
            added=page.added,
            moved=page.moved,
            unchanged=page.unchanged,
            rules=tuple(page.views(is_written=not letter.dry_run)),
            refusals=(),
        )
    turn.answer(sender, letter.id, view)


class _Page:
    """Wishes taken one by one; what they make of each mall's rules is written at the end."""

    def __init__(self, turn: Turn, accounts: Mapping[str, Account]) -> None:
        self._turn = turn
        self._accounts = accounts
        self._base = base_of(accounts.values())
        self._before: dict[str, list[LinkRule]] = {}
        self._after: dict[str, list[LinkRule]] = {}
        self._seen: list[tuple[LinkRule, int]] = []
        self.refusals: list[RuleRefusal] = []
        self.added = self.moved = self.unchanged = 0

    def take(self, wish: RuleWish) -> None:
        rule = self._read(wish)
        if isinstance(rule, RuleRefusal):
            self.refusals.append(rule)
            return
        rules = self._rules(rule.mall)
        same = next((one for one in rules if is_same(one, rule)), None)
        if same is None and len(rules) >= RULES_MAX:
            too_many = RuleRefusal(
                wish.line, "mall",
                f"{rule.mall} の紐づけ条件は {RULES_MAX} 件までです。",
                f"{rule.mall} takes at most {RULES_MAX} link rules.",
            )  # fmt: skip
            self.refusals.append(too_many)
            return
        self._seen.append((rule, wish.line))
        if same is None:
            self.added += 1
            self._after[rule.mall] = placed(rules, rule, wish.position)
            return
        after = rules if wish.position is None else placed(rules, same, wish.position)
        self.unchanged += int(after == rules)
        self.moved += int(after != rules)
        self._after[rule.mall] = after

    def _read(self, wish: RuleWish) -> LinkRule | RuleRefusal:
        account = self._accounts.get(wish.mall)
        if account is None:
            return RuleRefusal(
                wish.line, "mall",
                f"{wish.mall} という名前のモールはありません。",
                f"There is no mall named {wish.mall}.",
            )  # fmt: skip
        rule = read_rule(wish, account)
        if isinstance(rule, RuleRefusal):
            return rule
        first = next((line for one, line in self._seen if is_same(one, rule)), None)
        if first is not None:
            return RuleRefusal(
                wish.line, "fields",
                f"{first} 行目と同じ条件です。", f"It is the rule of line {first} again.",
            )  # fmt: skip
        return rule

    def _rules(self, mall: str) -> list[LinkRule]:
        if mall not in self._after:
            found = self._turn.store.rules.of_mall(self._turn.connection, self._accounts[mall].id)
            self._before[mall] = self._after[mall] = found
        return self._after[mall]

    def write(self) -> None:
        """Keeps the rules as they were worded."""
        rules, connection = self._turn.store.rules, self._turn.connection
        basis = "" if self._base is None else made_of(self._base)
        for mall, after in self._after.items():
            if after == self._before[mall]:
                continue
            mall_id = self._accounts[mall].id
            rules.place(
                connection,
                [one.id or rules.add(connection, mall_id, one, basis) for one in after],
            )

    def views(self, *, is_written: bool) -> Iterable[RuleView]:
        """The rules of the malls that were named, as they are or would be."""
        if is_written:
            kept = self._turn.store.rules.kept(self._turn.connection)
            named = [one for one in kept if one.rule.mall in self._after]
            return [_view(one, self._base) for one in named]
        return [
            _view_of(rule, position, is_ready=False)
            for after in self._after.values()
            for position, rule in enumerate(after, 1)
        ]


def read_rule(wish: RuleWish, account: Account) -> LinkRule | RuleRefusal:
    """The rule that an operator worded, without an id; or what is wrong with the words."""
    if account.is_base:
        return RuleRefusal(
            wish.line, "mall",
            f"{account.name} は基本モールです。ほかのモールを指定してください。",
            f"{account.name} is the base mall; name another one.",
        )  # fmt: skip
    if wish.position is not None and wish.position < 1:
        return RuleRefusal(
            wish.line, "position",
            "順番は 1 以上にしてください。", "The position must be a number from 1.",
        )  # fmt: skip
    for column, names, known in (
        ("fields", wish.fields, list(Field)),
        ("base_fields", wish.base_fields, list(Field)),
        ("fold", wish.folds, list(Fold)),
    ):
        wrong = _wrong_names(wish.line, column, names, [str(one) for one in known])
        if wrong is not None:
            return wrong
    for column, text in (("join", wish.join), ("base_join", wish.base_join)):
        if len(text) > JOIN_CHARACTERS_MAX or not text.isprintable():
            return RuleRefusal(
                wish.line, column,
                f"つなぎの文字は表示できる {JOIN_CHARACTERS_MAX} 文字までです。",
                f"A separator is at most {JOIN_CHARACTERS_MAX} printable characters.",
            )  # fmt: skip
    return LinkRule(
        id=0,
        mall=account.name,
        position=wish.position or 0,
        fields=tuple(Field(name) for name in wish.fields),
        join=wish.join,
        base_fields=tuple(Field(name) for name in wish.base_fields),
        base_join=wish.base_join,
        folds=frozenset(Fold(name) for name in wish.folds),
    )


def _wrong_names(
    line: int, column: str, names: Sequence[str], known: Sequence[str]
) -> RuleRefusal | None:
    listed = ", ".join(known)
    if not names and column != "fold":
        return RuleRefusal(
            line, column,
            f"項目を 1 つ以上指定してください: {listed}。", f"Name at least one of: {listed}.",
        )  # fmt: skip
    for place, name in enumerate(names):
        if name not in known:
            return RuleRefusal(
                line, column,
                f"{name} は指定できません。指定できるもの: {listed}。",
                f"There is no {name}; there are: {listed}.",
            )  # fmt: skip
        if name in names[:place]:
            return RuleRefusal(
                line, column,
                f"{name} が 2 回あります。1 回にしてください。",
                f"{name} is there twice; name it once.",
            )  # fmt: skip
    return None


def remove_rule(turn: Turn, kept: KeptRule, letter: RemoveRule, sender: bytes) -> None:
    """The rule is tried no more; what it linked stays linked."""
    rules, connection = turn.store.rules, turn.connection
    rules.retire(connection, kept.rule.id)
    left = rules.of_mall(connection, kept.mall_id)
    rules.place(connection, [one.id for one in left])
    turn.answer(sender, letter.id, _view(kept, base_of(turn.accounts.values())))


def find_rule(turn: Turn, rule_id: int) -> KeptRule | None:
    """A rule by its id."""
    kept = turn.store.rules.kept(turn.connection)
    return next((one for one in kept if one.rule.id == rule_id), None)


def rule_views(
    store: Store, connection: Connection, accounts: Iterable[Account], mall_id: int | None
) -> list[RuleView]:
    """The rules of a mall or of all, in the order they are tried."""
    base = base_of(accounts)
    return [
        _view(one, base)
        for one in store.rules.kept(connection)
        if mall_id is None or one.mall_id == mall_id
    ]


def _view(kept: KeptRule, base: Account | None) -> RuleView:
    is_ready = base is not None and kept.is_ready(made_of(base))
    return _view_of(kept.rule, kept.rule.position, is_ready=is_ready)


def _view_of(rule: LinkRule, position: int, *, is_ready: bool) -> RuleView:
    return RuleView(
        id=rule.id,
        mall=rule.mall,
        position=position,
        fields=rule.fields,
        join=rule.join,
        base_fields=rule.base_fields,
        base_join=rule.base_join,
        folds=tuple(fold for fold in Fold if fold in rule.folds),
        is_ready=is_ready,
    )


# --- keys -----------------------------------------------------------------------------------------


def ready_rules(turn: Turn, letter: ReadyRules, sender: bytes) -> None:
    """One page more, asked for by a command that waits."""
    turn.answer(sender, letter.id, RulesDue(left=tend(turn)))


def tend(turn: Turn) -> int:
    """Makes or drops one page of keys of the first rule that needs it; how many rules still do."""
    rules, keys, connection = turn.store.rules, turn.store.rule_keys, turn.connection
    base = base_of(turn.accounts.values())
    if base is None:
        return 0
    basis = made_of(base)
    due = rules.due(connection, basis)
    if not due:
        return 0
    rule = due[0].rule
    if due[0].is_removed or due[0].made_of != basis:
        is_done = keys.drop(connection, rule.id, LINK_PAGE_MAX) < LINK_PAGE_MAX
        if is_done and due[0].is_removed:
            rules.forget(connection, rule.id)
            return len(due) - 1
        if is_done:
            rules.note_keys(connection, rule.id, basis, 0)
        return len(due)
    page = base_page(connection, base.id, due[0].keyed or 0, LINK_PAGE_MAX)
    keys.add(connection, _keys([rule], page))
    is_done = len(page) < LINK_PAGE_MAX
    rules.note_keys(connection, rule.id, basis, None if is_done else page[-1][0])
    return len(due) - int(is_done)


def note_base(turn: Turn, rows: Sequence[tuple[int, CatalogueRow]]) -> None:
    """Base listings are registered as these rows tell: their keys follow."""
    base = base_of(turn.accounts.values())
    kept = turn.store.rules.kept(turn.connection) if rows and base is not None else []
    if not kept or base is None:
        return
    current = [one.rule for one in kept if one.made_of == made_of(base)]
    turn.store.rule_keys.forget(turn.connection, [listing_id for listing_id, _ in rows])
    turn.store.rule_keys.add(turn.connection, _keys(current, rows))


def _keys(
    rules: Sequence[LinkRule], rows: Sequence[tuple[int, CatalogueRow]]
) -> list[tuple[int, str, int]]:
    return [
        (rule.id, key, listing_id)
        for rule in rules
        for listing_id, row in rows
        if (key := key_of(rule, Side.BASE, row))
    ]
