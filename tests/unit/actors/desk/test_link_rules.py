"""Link rules at the desk: what they link, what they refuse, and that a test tells it before."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from actors.desk import rule_trial
from actors.store.schema import RULE_KEY
from engine.catalogue import Axis, CatalogueRow, ListingRef
from engine.link_rules import RULE_CANDIDATES_MAX, RULES_MAX
from engine.messages import CatalogueRead
from engine.product_file import FileRow
from engine.questions import (
    LINK_PAGE_MAX,
    AskConflicts,
    AskErrors,
    AskRules,
    AskRuleTest,
    AskStock,
    DeleteSkus,
    Denied,
    ImportFileRows,
    LinkAdd,
    LinkAuto,
    LinkRemove,
    LinkSets,
    MakeRules,
    ReadyRules,
    RemoveRule,
    RuleWish,
    SetPart,
    SetWish,
    StartImport,
    StockFilter,
)
from tests.unit.actors.desk.desk_house import DeskHouse, open_house


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    """Rakuten is the base mall; nothing is imported yet."""
    with open_house("rakuten", "yahoo") as house:
        yield house


def item(
    code: str, sub_code: str = "", sku_code: str = "", jan: str = "", **axes: str
) -> CatalogueRow:
    return CatalogueRow(
        ListingRef(code, sub_code),
        f"item {code}",
        sku_code,
        jan,
        axes=tuple(Axis(*told) for told in axes.items()),
    )


def bring(house: DeskHouse, mall: str, *rows: CatalogueRow) -> Any:
    """An import from a mall; its job."""
    job = house.body(StartImport(next(house.ids), mall, "test"))["job"]
    house.ask(f"{mall}-one", CatalogueRead(next(house.ids), 1, job, rows, None, None))
    with house.store.transaction() as connection:
        return house.store.imports.load(connection, job)


def wish(
    fields: str, base: str, *, join: str = "", fold: str = "", position: int | None = None,
    base_join: str = "", mall: str = "yahoo", line: int = 0,
) -> RuleWish:  # fmt: skip
    folds = tuple(fold.split(",")) if fold else ()
    names = (tuple(fields.split(",")), join, tuple(base.split(",")), base_join)
    return RuleWish(mall, *names, folds, position, line)


def make(house: DeskHouse, *wishes: RuleWish, dry_run: bool = False) -> Any:
    view = house.body(MakeRules(next(house.ids), wishes, "me", dry_run))
    while house.body(ReadyRules(next(house.ids)))["left"]:
        pass
    return view


def rules(house: DeskHouse, mall: str | None = None) -> list[Any]:
    return list(house.body(AskRules(next(house.ids), mall)))


def auto(house: DeskHouse) -> dict[str, Any]:
    told: dict[str, Any] = {"linked": 0, "unmatched": 0, "conflicts": []}
    after: int | None = 0
    while after is not None:
        page = house.body(LinkAuto(next(house.ids), "yahoo", "me", after))
        told = {name: before + page[name] for name, before in told.items()}
        after = page["next"]
    return told


def try_out(house: DeskHouse, tried: RuleWish | None = None, limit: int = 20) -> Any:
    return house.body(AskRuleTest(next(house.ids), "yahoo", limit, tried))


def links(house: DeskHouse) -> dict[str, list[str]]:
    """SKU -> what of yahoo is linked to it."""
    found: dict[str, list[str]] = {}
    for row in house.body(AskStock(next(house.ids), StockFilter(), None, 1000))["rows"]:
        for listing in row["listings"]:
            if listing["mall"] == "yahoo" and listing["linked"]:
                codes = f"{listing['code']} {listing['sub_code']}".strip()
                found.setdefault(row["sku"], []).append(codes)
    return found


def conflicts(house: DeskHouse) -> dict[str, list[str]]:
    return {row["code"]: row["skus"] for row in house.body(AskConflicts(next(house.ids)))}


def faults(house: DeskHouse) -> list[tuple[str, str]]:
    rows = house.body(AskErrors(next(house.ids), with_cleared=True))
    return sorted((row["subject"], row["state"]) for row in rows)


JOINED = wish("code,axis1", "sku_code", join="-", fold="case,width,hyphen")
BY_JAN = wish("jan", "jan")


def stocked(house: DeskHouse) -> None:
    """Two tees and a cap of the base mall, of which two share a JAN."""
    bring(
        house,
        "rakuten",
        item("r1", "", "TEE-RED", jan="491"),
        item("r2", "", "TEE-BLUE", jan="492"),
        item("r3", "", "cap", jan="492"),
    )


# --- what is linked -------------------------------------------------------------------------------


def test_listings_are_linked_by_a_rule_as_they_are_imported(house: DeskHouse) -> None:
    stocked(house)
    make(house, JOINED)
    job = bring(
        house,
        "yahoo",
        item("ｔｅｅ", "1", "1", 色="red"),
        item("tee", "2", "2", 色="Ｂlue"),
        item("CAP", "", "CAP"),
        item("mug", "9", "9", 色="red"),
    )
    assert (job.linked, job.conflicts) == (3, 0)
    assert links(house) == {"TEE-RED": ["ｔｅｅ 1"], "TEE-BLUE": ["tee 2"], "cap": ["CAP"]}


def test_what_was_imported_before_the_rule_is_linked_by_link_auto(house: DeskHouse) -> None:
    bring(house, "yahoo", item("tee", "1", "1", 色="red"), item("cap", "", "", jan="491"))
    stocked(house)
    assert auto(house) == {"linked": 0, "unmatched": 2, "conflicts": []}
    make(house, JOINED)
    assert auto(house) == {"linked": 1, "unmatched": 1, "conflicts": []}
    assert links(house) == {"TEE-RED": ["tee 1"]}


def test_a_listing_without_a_sku_code_is_linked_by_its_other_fields(house: DeskHouse) -> None:
    stocked(house)
    make(house, BY_JAN)
    job = bring(house, "yahoo", item("x", jan="491"), item("y"), item("z", jan=" "))
    assert (job.linked, job.conflicts) == (1, 0)
    assert links(house) == {"TEE-RED": ["x"]}
    assert auto(house) == {"linked": 0, "unmatched": 2, "conflicts": []}


def test_rules_are_tried_in_their_order_and_the_default_one_is_the_last(house: DeskHouse) -> None:
    stocked(house)
    make(house, BY_JAN)
    bring(house, "yahoo", item("a", "", "TEE-BLUE", jan="491"))
    assert links(house) == {"TEE-RED": ["a"]}
    make(house, wish("code", "sku_code", position=1))
    bring(house, "yahoo", item("cap", "", "TEE-BLUE", jan="491"))
    assert links(house) == {"TEE-RED": ["a"], "cap": ["cap"]}
    bring(house, "yahoo", item("b", "", "tee-blue"))
    assert links(house)["TEE-BLUE"] == ["b"]


def test_a_set_of_the_base_mall_names_no_sku(house: DeskHouse) -> None:
    stocked(house)
    parts = (SetPart("cap", 2),)
    house.body(LinkSets(next(house.ids), (SetWish("rakuten", "r1", "", parts),), "me"))
    make(house, BY_JAN)
    job = bring(house, "yahoo", item("x", jan="491"))
    assert (job.linked, job.conflicts) == (0, 0)
    assert try_out(house, wish("jan", "jan", position=1))["unmatched"] == 1


def test_keys_follow_base_listings_that_are_added_changed_and_deleted(house: DeskHouse) -> None:
    stocked(house)
    make(house, BY_JAN)
    bring(house, "rakuten", item("r1", "", "TEE-RED", jan="777"), item("r4", "", "mug", jan="444"))
    job = bring(
        house, "yahoo", item("old", jan="491"), item("new", jan="777"), item("mug4", jan="444")
    )
    assert job.linked == 2
    assert links(house) == {"TEE-RED": ["new"], "mug": ["mug4"]}
    house.body(DeleteSkus(next(house.ids), ("mug", "TEE-RED", "TEE-BLUE", "cap"), "me"))
    with house.store.transaction() as connection:
        assert connection.execute(select(func.count()).select_from(RULE_KEY)).scalar() == 0


def test_a_dry_run_of_a_file_counts_what_rules_would_link(house: DeskHouse) -> None:
    stocked(house)
    make(house, BY_JAN)
    rows = tuple(
        FileRow(line, item(f"f{line}", jan=jan)) for line, jan in enumerate(("491", "492", "5"), 2)
    )
    told = [
        house.body(
            ImportFileRows(
                next(house.ids), "yahoo", "me", None, rows, 0, is_last=True, is_dry=is_dry
            )
        )["view"]
        for is_dry in (True, False)
    ]
    assert [(view["added"], view["linked"], view["conflicts"]) for view in told] == [(3, 1, 1)] * 2


# --- what is ambiguous ----------------------------------------------------------------------------


def test_what_several_skus_match_is_a_conflict_that_names_them_and_does_not_sync(
    house: DeskHouse,
) -> None:
    stocked(house)
    make(house, BY_JAN)
    job = bring(house, "yahoo", item("x", "", "TEE-BLUE", jan="492"))
    assert (job.linked, job.conflicts) == (0, 1)
    assert conflicts(house) == {"x": ["TEE-BLUE", "cap"]}
    assert (links(house), faults(house)) == ({}, [("x", "open")])
    again = auto(house)
    assert [row["skus"] for row in again["conflicts"]] == [["TEE-BLUE", "cap"]]
    assert (again["linked"], again["unmatched"]) == (0, 0)


def test_releasing_all_candidates_but_one_settles_it_for_good(house: DeskHouse) -> None:
    stocked(house)
    make(house, BY_JAN)
    bring(house, "yahoo", item("x", jan="492"))
    house.body(LinkRemove(next(house.ids), "cap", "yahoo", "x", "", "me"))
    assert (conflicts(house), links(house)) == ({}, {"TEE-BLUE": ["x"]})
    assert faults(house) == [("x", "resolved")]
    assert auto(house) == {"linked": 0, "unmatched": 0, "conflicts": []}
    assert links(house) == {"TEE-BLUE": ["x"]}


def test_a_set_of_one_settles_it_in_one_command(house: DeskHouse) -> None:
    stocked(house)
    make(house, BY_JAN)
    bring(house, "yahoo", item("x", jan="492"))
    one = SetWish("yahoo", "x", "", (SetPart("TEE-RED", 1),))
    house.body(LinkSets(next(house.ids), (one,), "me"))
    auto(house)
    assert (conflicts(house), links(house)) == ({}, {"TEE-RED": ["x"]})


def test_better_rules_settle_what_others_left_open(house: DeskHouse) -> None:
    stocked(house)
    loose = make(house, BY_JAN)["rules"][0]
    bring(house, "yahoo", item("cap", jan="492"), item("y", jan="492"))
    make(house, wish("code", "sku_code", position=1))
    told = auto(house)
    assert (told["linked"], [row["code"] for row in told["conflicts"]]) == (1, ["y"])
    assert (links(house), list(conflicts(house))) == ({"cap": ["cap"]}, ["y"])
    house.body(RemoveRule(next(house.ids), loose["id"], "me"))
    assert auto(house) == {"linked": 0, "unmatched": 1, "conflicts": []}
    assert conflicts(house) == {}
    assert faults(house) == [("cap", "resolved"), ("y", "resolved")]


def test_an_operators_word_is_never_taken_back(house: DeskHouse) -> None:
    stocked(house)
    kept = make(house, BY_JAN)["rules"][0]
    bring(house, "yahoo", item("x", jan="492"), item("y", jan="492"))
    house.body(LinkAdd(next(house.ids), "TEE-RED", "yahoo", "x", "", "me"))
    house.body(LinkAdd(next(house.ids), "TEE-RED", "yahoo", "y", "", "me"))
    house.body(LinkRemove(next(house.ids), "TEE-RED", "yahoo", "y", "", "me"))
    house.body(RemoveRule(next(house.ids), kept["id"], "me"))
    assert auto(house) == {"linked": 0, "unmatched": 0, "conflicts": []}
    assert conflicts(house) == {"x": ["TEE-RED", "TEE-BLUE", "cap"], "y": ["TEE-BLUE", "cap"]}


def test_a_key_names_so_many_candidates_and_no_more(house: DeskHouse) -> None:
    many = [item(f"r{one}", "", f"s{one}", jan="0") for one in range(RULE_CANDIDATES_MAX + 5)]
    bring(house, "rakuten", *many)
    tried = make(house, BY_JAN, dry_run=True)
    assert tried["added"] == 1
    bring(house, "yahoo", item("x", jan="0"))
    (told,) = try_out(house, BY_JAN)["ambiguous_rows"]
    make(house, BY_JAN)
    auto(house)
    assert len(conflicts(house)["x"]) == len(told["skus"]) == RULE_CANDIDATES_MAX


# --- a test of rules ------------------------------------------------------------------------------


def test_a_test_tells_what_a_rule_would_do_and_changes_nothing(house: DeskHouse) -> None:
    stocked(house)
    bring(house, "yahoo", item("a", jan="491"), item("b", jan="492"), item("c", jan="5"))
    told = try_out(house, BY_JAN)
    assert (told["links"], told["ambiguous"], told["unmatched"]) == (1, 1, 1)
    assert [(row["code"], row["rule"], row["key"], row["skus"]) for row in told["link_rows"]] == [
        ("a", 0, "491", ["TEE-RED"])
    ]
    assert [(row["code"], row["skus"]) for row in told["ambiguous_rows"]] == [
        ("b", ["TEE-BLUE", "cap"])
    ]
    assert [(row["code"], row["rule"]) for row in told["unmatched_rows"]] == [("c", None)]
    assert (rules(house), links(house), conflicts(house)) == ([], {}, {})
    rule_id = make(house, BY_JAN)["rules"][0]["id"]
    after = try_out(house)
    assert after["link_rows"][0]["rule"] == rule_id
    assert (after["links"], after["ambiguous"], after["unmatched"]) == (1, 1, 1)
    assert links(house) == {}
    done = auto(house)
    assert (done["linked"], len(done["conflicts"]), done["unmatched"]) == (1, 1, 1)


def test_a_rule_is_tried_at_its_position_among_those_there_are(house: DeskHouse) -> None:
    stocked(house)
    bring(house, "yahoo", item("TEE-BLUE", jan="491"))
    by_jan = make(house, BY_JAN)["rules"][0]["id"]
    for position, expected in ((1, (0, ["TEE-BLUE"])), (None, (by_jan, ["TEE-RED"]))):
        told = try_out(house, wish("code", "sku_code", position=position))
        assert [(row["rule"], row["skus"]) for row in told["link_rows"]] == [expected]


def test_a_test_shows_so_many_and_counts_all(house: DeskHouse) -> None:
    stocked(house)
    bring(house, "yahoo", *[item(f"y{one}", jan="491") for one in range(5)])
    told = try_out(house, BY_JAN, limit=2)
    assert (told["links"], len(told["link_rows"])) == (5, 2)


def test_above_the_limit_a_rule_is_not_tried_before_it_is_added(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked(house)
    monkeypatch.setattr(rule_trial, "RULE_BASE_LISTINGS_MAX", 2)
    refused = house.ask("operator", AskRuleTest(next(house.ids), "yahoo", 5, BY_JAN))
    assert isinstance(refused, Denied)
    assert refused.exit_code == 2
    assert "2 listings" in refused.message_en
    make(house, BY_JAN)
    assert try_out(house)["links"] == 0


# --- the rules themselves -------------------------------------------------------------------------


def test_rules_are_listed_in_the_order_they_are_tried(house: DeskHouse) -> None:
    make(house, BY_JAN, JOINED)
    make(house, wish("code", "sku_code", position=2, fold="hyphen"))
    told = rules(house, "yahoo")
    assert [(one["position"], one["fields"], one["is_ready"]) for one in told] == [
        (1, ["jan"], True),
        (2, ["code"], True),
        (3, ["code", "axis1"], True),
    ]
    moved = make(house, wish("jan", "jan", position=3))
    assert (moved["added"], moved["moved"], moved["unchanged"]) == (0, 1, 0)
    assert [one["fields"][0] for one in rules(house)] == ["code", "code", "jan"]
    gone = house.body(RemoveRule(next(house.ids), told[1]["id"], "me"))
    assert gone == told[1] | {"position": 1}
    assert [one["position"] for one in rules(house)] == [1, 2]


def test_the_same_rule_again_is_no_second_one(house: DeskHouse) -> None:
    make(house, BY_JAN)
    again = make(house, BY_JAN, wish("jan", "jan", join="-", line=3, fold="case"))
    assert (again["added"], again["unchanged"], len(again["rules"])) == (1, 1, 2)


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        (wish("jan", "jan", mall="nowhere", line=9), "mall"),
        (wish("jan", "jan", mall="rakuten", line=9), "mall"),
        (wish("jan", "jan", position=0, line=9), "position"),
        (wish("name", "jan", line=9), "fields"),
        (wish("", "jan", line=9), "fields"),
        (wish("jan,jan", "jan", line=9), "fields"),
        (wish("jan", "price", line=9), "base_fields"),
        (wish("jan", "jan", fold="accents", line=9), "fold"),
        (wish("jan,code", "jan", join="-" * 11, line=9), "join"),
        (wish("jan,code", "jan", base_join="\n", line=9), "base_join"),
        (wish("code", "sku_code", join="/", line=9), "fields"),
    ],
)
def test_with_one_bad_rule_none_is_made_and_its_line_and_column_are_named(
    house: DeskHouse, bad: RuleWish, column: str
) -> None:
    told = make(house, wish("code", "sku_code", line=2), bad)
    assert [(row["line"], row["column"]) for row in told["refusals"]] == [(9, column)]
    assert (told["added"], rules(house)) == (0, [])


def test_a_mall_takes_so_many_rules_and_no_more(house: DeskHouse) -> None:
    fields = itertools.permutations(("code", "sub_code", "sku_code", "jan"), 3)
    wishes = [wish(",".join(names), "jan") for names in itertools.islice(fields, RULES_MAX)]
    assert make(house, *wishes)["added"] == RULES_MAX
    told = make(house, wish("axis1", "axis1"))
    assert told["refusals"][0]["column"] == "mall"
    assert make(house, wishes[-1])["unchanged"] == 1


def test_what_is_not_there_is_refused_in_both_languages(house: DeskHouse) -> None:
    for letter in (
        RemoveRule(next(house.ids), 99, "me"),
        AskRuleTest(next(house.ids), "rakuten", 5),
        AskRuleTest(next(house.ids), "nowhere", 5),
        AskRuleTest(next(house.ids), "yahoo", 5, wish("name", "jan")),
        AskRules(next(house.ids), "nowhere"),
    ):
        refused = house.ask("operator", letter)
        assert isinstance(refused, Denied), letter
        assert refused.exit_code == 2
        assert refused.message != refused.message_en


def test_a_rule_is_tried_once_every_key_is_made_and_the_tick_makes_them_too(
    house: DeskHouse,
) -> None:
    for start in (0, LINK_PAGE_MAX):
        rows = range(start, start + LINK_PAGE_MAX)
        job = house.body(StartImport(next(house.ids), "rakuten", "test"))["job"]
        page = tuple(item(f"r{one}", "", f"s{one}", jan=f"j{one}") for one in rows)
        house.ask("rakuten-one", CatalogueRead(next(house.ids), 1, job, page, f"{start}", None))
    bring(house, "yahoo", item("x", jan="j1"))
    view = house.body(MakeRules(next(house.ids), (BY_JAN,), "me"))
    assert [one["is_ready"] for one in view["rules"]] == [False]
    house.desk.tick(house.now)
    assert (auto(house)["linked"], try_out(house)["not_ready"]) == (0, 1)
    house.desk.tick(house.now)
    house.desk.tick(house.now)
    assert [one["is_ready"] for one in rules(house)] == [True]
    assert auto(house)["linked"] == 1
    house.body(RemoveRule(next(house.ids), rules(house)[0]["id"], "me"))
    assert rules(house) == []
    assert [house.body(ReadyRules(next(house.ids)))["left"] for _ in range(4)] == [1, 1, 0, 0]


def test_keys_made_of_another_base_mall_are_dropped_and_made_anew(house: DeskHouse) -> None:
    stocked(house)
    make(house, BY_JAN)
    rule_id = rules(house)[0]["id"]
    with house.store.transaction() as connection:
        house.store.rules.note_keys(connection, rule_id, "another", None)
        house.store.rule_keys.add(connection, [(rule_id, "491", 10_000), (rule_id, "ghost", 1)])
    bring(house, "yahoo", item("x", jan="ghost"))
    assert [one["is_ready"] for one in rules(house)] == [False]
    while house.body(ReadyRules(next(house.ids)))["left"]:
        pass
    assert [one["is_ready"] for one in rules(house)] == [True]
    assert auto(house) == {"linked": 0, "unmatched": 1, "conflicts": []}
