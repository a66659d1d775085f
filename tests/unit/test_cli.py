"""The command: what its words ask of the house, what it prints, and how it says no."""

import io
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cli
from actors import client, client_products, client_reflect
from config.state import StateDir
from engine.offer_rules import NO_CAP, OfferRule
from engine.questions import (
    AdjustStock,
    AskConflicts,
    AskErrors,
    AskErrorSummary,
    AskHistory,
    AskImport,
    AskMalls,
    AskOffer,
    AskOfferChange,
    AskOffers,
    AskReflectJobs,
    AskRules,
    AskRuleTest,
    AskSets,
    AskStatus,
    AskStock,
    AskTotal,
    BringStock,
    ClearErrors,
    ControlMall,
    CountedSku,
    DeleteSkus,
    Denied,
    Event,
    KeyChanged,
    LinkAdd,
    LinkAuto,
    LinkRemove,
    LinkSets,
    MakeRules,
    ReadyRules,
    RemoveOffer,
    RemoveRule,
    ResumeReflect,
    RuleWish,
    SetOffer,
    SetPart,
    SetStock,
    SetSync,
    SetWish,
    StartImport,
    StartReflect,
    StartReflectJob,
    StockFilter,
    StopReflect,
    TakeStock,
)
from terminal import page, progress
from tests.unit.fake_door import FakeDoor, answering

SETTINGS = """\
state_dir = "state"
base_mall = "rakuten"
request_timeout_s = 1
[[malls]]
name = "rakuten"
kind = "rakuten"
base_url = "http://127.0.0.1:9"
speed = 60
[[malls]]
name = "yahoo"
kind = "yahoo"
base_url = "http://127.0.0.1:9"
speed = 60
"""
KEY = {"service_secret": "SP-secret-1", "license_key": "SL-secret-2"}

MALL = {
    "name": "rakuten", "kind": "rakuten", "state": "halted", "last_poll_at": None,
    "last_push_at": None, "open_faults": 1, "pending_pushes": 0, "orders_age_s": None,
    "key_expires_at": None, "oldest_proof_age_s": None, "unproven": 0, "key_days_left": None,
}  # fmt: skip
MALLS = [
    {
        **MALL, "name": name, "title": "楽天市場", "write_kind": "relative",
        "poll_interval_s": 60.0,
        "order_conditions": "すべて", "order_conditions_en": "all", "key_renewal": "RMS",
        "key_renewal_en": "in RMS",
    }
    for name in ("rakuten", "yahoo")
]  # fmt: skip
SUMMARY = [
    {"mall": "yahoo", "level9": 1, "level8": 2, "resolved": 3, "oldest": 1.0, "is_halted": True},
    {"mall": "", "level9": 0, "level8": 0, "resolved": 0, "oldest": None, "is_halted": False},
]
STATUS = {"inventory": "running", "malls": [MALL]}
LISTING = {
    "mall": "rakuten", "code": "tee", "sub_code": "", "linked": True, "offer": 5,
    "expected": [4, 5], "quantity": 5, "proven_at": None, "state": "suspect", "held": 0,
    "is_gone": False, "name": "", "jan": "",
}  # fmt: skip
ROW = {"sku": "TEE", "name": "Tシャツ", "jan": "", "total": 5, "listings": [LISTING]}
FAULT = {
    "id": 7, "level": 9, "mall": "rakuten", "subject": "", "code": "GA0001", "message": "だめ",
    "hint": "更新", "message_en": "no", "hint_en": "renew", "state": "open", "count": 2,
    "first_seen": 1.0, "last_seen": 2.0,
}  # fmt: skip
CONFLICT = {
    "mall": "rakuten", "code": "tee", "sub_code": "", "skus": ["A", "B"],
    "message": "複数の商品が紐づいています", "message_en": "several",
}  # fmt: skip
SETS: dict[str, Any] = {
    "rows": [
        {"mall": "yahoo", "code": "box", "sub_code": "", "parts": [{"sku": "TEE", "units": 2}]}
    ],
    "next": None,
}
RULE: dict[str, Any] = {
    "id": 4, "mall": "yahoo", "position": 1, "fields": ["code", "sub_code"], "join": "-",
    "base_fields": ["sku_code"], "base_join": "", "folds": ["case"], "is_ready": True,
}  # fmt: skip
MADE = {
    "added": 1, "moved": 0, "unchanged": 0, "rules": [RULE | {"is_ready": False}], "refusals": [],
}  # fmt: skip
TRIED = {"code": "tee", "sub_code": "1", "name": "Tシャツ", "rule": 4, "key": "tee-1"}
TESTED: dict[str, Any] = {
    "mall": "yahoo", "links": 9, "ambiguous": 1, "unmatched": 1, "not_ready": 1,
    "link_rows": [TRIED | {"skus": ["TEE"]}, TRIED | {"skus": ["CAP"], "rule": None}],
    "ambiguous_rows": [TRIED | {"skus": ["A", "B"], "rule": 0}],
    "unmatched_rows": [TRIED | {"skus": [], "rule": None, "key": ""}],
}  # fmt: skip
LINKED: dict[str, Any] = {"linked": 1, "unmatched": 0, "conflicts": [CONFLICT], "next": None}
IMPORT = {
    "job": 3, "mall": "rakuten", "state": "done", "read": 9, "total": 9, "added": 9, "updated": 0,
    "gone": 0, "linked": 9, "conflicts": 0, "reason": "", "unchanged": 0, "refused": 0,
}  # fmt: skip
REFLECT_JOB: dict[str, Any] = {
    "job": 2, "mall": None, "skus": [], "diff": False, "state": "done", "step": "done",
    "looked_at": 9, "placed": 4, "pushed": 4, "waiting": 0, "level": 3, "unsynced": 1, "shadow": 1,
    "blocked": 0, "approve": [], "actor": "me", "started_at": 1.0, "ended_at": 2.0,
}  # fmt: skip
REFLECTED = {
    "listing_id": 1, "sku": "TEE", "mall": "rakuten", "code": "tee", "sub_code": "", "before": 4,
    "offer": 5, "delta": 1, "result": "pushed", "reason": "", "reason_en": "",
}  # fmt: skip
TAKEN = {
    "rows": [{"sku": "TEE", "quantity": 3, "at": 5.0, "since": -1, "before": None, "total": 2,
              "delta": 2}],
    "refused": [],
}  # fmt: skip
OFFER_RULE = {
    "mall": None, "sku": "TEE", "buffer": 2, "cap": "none", "floor": None, "share": 50, "at": 1.0,
    "actor": "me",
}  # fmt: skip
OFFER = {
    "mall": "yahoo", "code": "box", "sub_code": "", "units": 2, "components": 2,
    **{name: {"value": 1, "source": "sku"} for name in ("buffer", "floor", "share")},
    "cap": {"value": None, "source": "settings"}, "allows": 2, "offer": 1,
}  # fmt: skip
MOVED = {
    "at": 1.0, "sku": "TEE", "delta": -1, "total": 4, "reason": "order", "mall": "rakuten",
    "order": "1", "line": "1", "actor": "", "note": "",
}  # fmt: skip


class Told:
    """What a command printed and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Zaiko = Callable[..., Told]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with settings, and none of the user's own."""
    (tmp_path / "zaiko.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    # The command's umask is for its own process.
    before = os.umask(0o022)
    os.umask(before)
    monkeypatch.setattr("os.umask", lambda _: before)
    return tmp_path


@pytest.fixture
def zaiko(directory: Path, capsys: pytest.CaptureFixture[str]) -> Zaiko:
    """Runs a command in this process."""

    def run(*words: str) -> Told:
        code = cli.main(words)
        seen = capsys.readouterr()
        return Told(code, seen.out, seen.err)

    return run


@pytest.fixture
def house(directory: Path) -> Iterator[FakeDoor]:
    """A house that answers everything."""
    state = StateDir(directory / "state")
    state.root.mkdir(mode=0o700)
    state.claim()
    with answering(state.endpoint("inventory"), state.endpoint("events")) as fake:
        fake.on(AskStatus, STATUS)
        fake.on(ControlMall, STATUS)
        fake.on(AskErrors, [FAULT])
        fake.on(AskErrorSummary, SUMMARY)
        fake.on(AskMalls, MALLS)
        fake.on(ClearErrors, {"cleared": [7], "resumed": ["rakuten"]})
        fake.on(StartImport, IMPORT)
        fake.on(LinkAuto, LINKED)
        fake.on(LinkAdd, LINKED)
        fake.on(LinkRemove, LINKED)
        fake.on(AskConflicts, [CONFLICT])
        fake.on(AskSets, SETS)
        fake.on(AskRules, [RULE])
        fake.on(RemoveRule, RULE)
        fake.on(MakeRules, MADE)
        fake.on(ReadyRules, lambda letter: {"left": 0 if letter.id > 2 else 1})
        fake.on(AskRuleTest, TESTED)
        fake.on(LinkSets, {"changed": 1, "unchanged": 0, "refusals": []})
        fake.on(AskStock, {"rows": [ROW], "hits": 1, "next": None})
        fake.on(SetStock, ROW)
        fake.on(AdjustStock, ROW)
        fake.on(StartReflect, {"rows": [REFLECTED], "next": None})
        fake.on(StartReflectJob, REFLECT_JOB)
        fake.on(AskReflectJobs, [REFLECT_JOB])
        fake.on(StopReflect, {**REFLECT_JOB, "state": "stopped", "step": "returning"})
        fake.on(ResumeReflect, REFLECT_JOB)
        fake.on(BringStock, ROW)
        fake.on(SetSync, {"changed": 2, "next": None})
        fake.on(TakeStock, TAKEN)
        fake.on(AskTotal, {"sku": "TEE", "at": 5.0, "total": 3, "seq": 4})
        fake.on(AskHistory, {"rows": [MOVED], "next": None})
        fake.on(DeleteSkus, {"deleted": ["TEE"]})
        fake.on(SetOffer, {"rule": OFFER_RULE, "changed": True})
        fake.on(RemoveOffer, {"rule": None, "changed": True})
        fake.on(AskOffers, {"rows": [OFFER_RULE], "hits": 1, "next": None})
        fake.on(AskOffer, {"sku": "TEE", "total": 5, "rows": [OFFER], "next": None})
        fake.on(AskOfferChange, {"listings": 3, "changed": 2, "to_zero": 1, "next": None})
        yield fake


def is_one_sentence(told: Told) -> bool:
    """One line on stderr in English and Japanese, and nothing on stdout."""
    line = told.err.strip()
    return (
        told.out == ""
        and "\n" not in line
        and " / " in line
        and any(ord(sign) > 0x3000 for sign in line)
        and "Traceback" not in line
    )


# --- what the words ask -------------------------------------------------------------------------

ACTOR = client.operator()
ASKED: list[tuple[str, Any]] = [
    ("status", AskStatus(1)),
    ("malls", AskMalls(1)),
    ("malls list", AskMalls(1)),
    ("malls show yahoo", AskMalls(1)),
    ("malls pause yahoo", ControlMall(1, "yahoo", "pause", ACTOR)),
    ("malls resume yahoo", ControlMall(1, "yahoo", "resume", ACTOR)),
    ("malls poll yahoo", ControlMall(1, "yahoo", "poll", ACTOR)),
    ("errors", AskErrors(1, None, None)),
    ("errors list --mall yahoo --all", AskErrors(1, None, "yahoo", with_cleared=True)),
    ("errors list --level 9 --state resolved --search px",
     AskErrors(1, level=9, state="resolved", search="px")),
    ("errors summary", AskErrorSummary(1)),
    ("errors show 7", AskErrors(1, 7)),
    ("errors clear 7 8", ClearErrors(1, (7, 8), None, ACTOR)),
    ("errors clear --mall yahoo", ClearErrors(1, (), "yahoo", ACTOR)),
    ("import rakuten", StartImport(1, "rakuten", ACTOR)),
    ("link auto", LinkAuto(1, None, ACTOR)),
    ("link auto --mall yahoo", LinkAuto(1, "yahoo", ACTOR)),
    ("link add TEE yahoo t1 red", LinkAdd(1, "TEE", "yahoo", "t1", "red", ACTOR)),
    ("link add TEE yahoo t1", LinkAdd(1, "TEE", "yahoo", "t1", "", ACTOR)),
    ("link remove TEE yahoo t1", LinkRemove(1, "TEE", "yahoo", "t1", "", ACTOR)),
    ("link conflicts", AskConflicts(1)),
    ("link sets", AskSets(1)),
    ("link rules", AskRules(1, None)),
    ("link rules list yahoo", AskRules(1, "yahoo")),
    ("link rules remove 4", RemoveRule(1, 4, ACTOR)),
    ("link rules test yahoo", AskRuleTest(1, "yahoo", 20)),
    ("link rules test yahoo --limit 3 --fields jan --base JAN,code --base-join / --position 2",
     AskRuleTest(1, "yahoo", 3,
                 RuleWish("yahoo", ("jan",), "", ("jan", "code"), "/", (), 2))),
    ("link rules export", AskRules(1, None)),
    ("link", AskConflicts(1)),
    ("stock", AskStock(1, StockFilter(), None, 50)),
    ("stock list --all", AskStock(1, StockFilter(), None, 500)),
    ("stock list --json", AskStock(1, StockFilter(), None, 500)),
    ("stock list --limit 7 --json", AskStock(1, StockFilter(), None, 7)),
    ("stock list --mall yahoo --diff --search 帽子 --max -3 --linked",
     AskStock(1, StockFilter(mall="yahoo", has_difference=True, search="帽子", total_max=-3,
                             linked=True), None, 50)),
    ("stock list --unlinked", AskStock(1, StockFilter(linked=False), None, 50)),
    ("stock show TEE", AskStock(1, StockFilter(skus=("TEE",)), None, 1)),
    ("stock set TEE 5", SetStock(1, "TEE", 5, ACTOR)),
    ("reflect TEE CAP", StartReflect(1, StockFilter(skus=("TEE", "CAP")), False, False, ACTOR)),
    ("reflect --search TEE --mall yahoo",
     StartReflect(1, StockFilter(mall="yahoo", search="TEE"), False, False, ACTOR)),
    ("reflect --all", StartReflectJob(1, None, (), False, ACTOR)),
    ("reflect --all --mall yahoo --no-wait", StartReflectJob(1, "yahoo", (), False, ACTOR)),
    ("reflect --mall yahoo", StartReflectJob(1, "yahoo", (), False, ACTOR)),
    ("reflect --diff", StartReflectJob(1, None, (), True, ACTOR)),
    ("reflect " + "TEE " * 101, StartReflectJob(1, None, ("TEE",) * 101, False, ACTOR)),
    ("reflect --all --dry-run", StartReflect(1, StockFilter(), True, True, ACTOR)),
    ("reflect list", AskReflectJobs(1, None)),
    ("reflect stop", StopReflect(1, None, ACTOR)),
    ("reflect stop 2", StopReflect(1, 2, ACTOR)),
    ("reflect resume 2", ResumeReflect(1, 2, ACTOR)),
    ("reflect --diff --mall yahoo --dry-run",
     StartReflect(1, StockFilter(mall="yahoo", has_difference=True), False, True, ACTOR)),
    ("history TEE", AskHistory(1, "TEE", 0, 500)),
    ("sync off yahoo t1 red", SetSync(1, False, "yahoo", "t1", "red", StockFilter(), ACTOR)),
    ("sync on yahoo --sku TEE --sku CAP",
     SetSync(1, True, "yahoo", None, "", StockFilter(skus=("TEE", "CAP")), ACTOR)),
    ("sync off yahoo --all", SetSync(1, False, "yahoo", None, "", StockFilter(), ACTOR)),
    ("history TEE --at 1970-01-01T00:00:05Z", AskTotal(1, "TEE", 5.0)),
    ("history TEE --from 1970-01-01T00:00:05Z --to 1970-01-01T09:00:06+09:00",
     AskHistory(1, "TEE", 0, 500, 5.0, 6.0)),
    ("delete TEE CAP", DeleteSkus(1, ("TEE", "CAP"), ACTOR)),
    ("offers set --mall yahoo --sku TEE --buffer 2 --cap 9 --floor 3 --share 50",
     SetOffer(1, "yahoo", "TEE", OfferRule(2, 9, 3, 50), ACTOR)),
    ("offers set --sku TEE --cap none", SetOffer(1, None, "TEE", OfferRule(cap=NO_CAP), ACTOR)),
    ("offers set --mall yahoo --buffer 2 --dry-run",
     AskOfferChange(1, "yahoo", None, OfferRule(2), 0)),
    ("offers remove --mall yahoo", RemoveOffer(1, "yahoo", None, ACTOR)),
    ("offers remove --sku TEE --dry-run", AskOfferChange(1, None, "TEE", None, 0)),
    ("offers", AskOffers(1, None, None, 0, 50)),
    ("offers list --mall yahoo --sku TEE --limit 7", AskOffers(1, "yahoo", "TEE", 0, 7)),
    ("offers show TEE", AskOffer(1, "TEE", 0)),
]  # fmt: skip


@pytest.mark.parametrize(("words", "letter"), ASKED, ids=[words for words, _ in ASKED])
def test_a_command_asks_its_question_and_prints_the_answer(
    zaiko: Zaiko, house: FakeDoor, words: str, letter: Any
) -> None:
    told = zaiko(*words.split())
    assert (told.code, told.err) == (0, "")
    assert house.letters == [letter]
    assert told.out.strip()


@pytest.mark.parametrize("words", [words for words, _ in ASKED])
def test_with_json_the_answer_is_one_json_value(zaiko: Zaiko, house: FakeDoor, words: str) -> None:
    told = zaiko(*words.split(), "--json")
    assert (told.code, told.err) == (0, "")
    assert told.json


def test_offers_are_told_with_what_gave_each_number(zaiko: Zaiko, house: FakeDoor) -> None:
    told = zaiko("offers", "show", "TEE")
    assert "なし (設定)" in told.out
    assert "1% (SKU)" in told.out
    assert "yahoo box is a set; this SKU alone would let it show 2." in told.out
    assert "2 would show another quantity, 1 of them zero" in zaiko(
        "offers", "set", "--sku", "TEE", "--share", "5", "--dry-run"
    ).out.replace("\n", " ")
    listed = zaiko("offers").out
    assert [word in listed for word in ("すべて", "TEE", "なし", "50%")] == [True] * 4


def test_the_pages_of_a_look_at_a_rule_are_added_up(zaiko: Zaiko, house: FakeDoor) -> None:
    pages = iter([500, 900, None])
    house.on(
        AskOfferChange,
        lambda _: {"listings": 500, "changed": 2, "to_zero": 1, "next": next(pages)},
    )
    told = zaiko("offers", "set", "--mall", "yahoo", "--cap", "1", "--dry-run", "--json").json
    assert told == {"listings": 1500, "changed": 6, "to_zero": 3, "next": None}
    assert [letter.after for letter in house.letters] == [0, 500, 900]


def test_a_set_is_looked_through_before_it_is_made(zaiko: Zaiko, house: FakeDoor) -> None:
    told = zaiko("link", "set", "yahoo", "box", "TEE=2", "A=B=1", "--sub", "red")
    assert (told.code, told.err) == (0, "")
    wish = SetWish("yahoo", "box", "red", (SetPart("TEE", 2), SetPart("A=B", 1)))
    assert house.letters == [
        LinkSets(1, (wish,), ACTOR, dry_run=True), LinkSets(2, (wish,), ACTOR),
    ]  # fmt: skip


def test_of_a_refused_set_the_line_and_column_are_told_and_nothing_is_made(
    zaiko: Zaiko, house: FakeDoor, tmp_path: Path
) -> None:
    file = tmp_path / "sets.csv"
    file.write_text("mall,code,sub_code,sku,units\nyahoo,box,,TEE,2\nyahoo,bag,,TEE,two\n")
    refusal = {"line": 2, "column": "sku", "message": "TEE はありません", "message_en": "no TEE"}
    house.on(LinkSets, {"changed": 0, "unchanged": 0, "refusals": [refusal]})
    told = zaiko("link", "sets", "import", "--csv", str(file))
    assert told.code == 2
    assert "line 2, sku: no TEE" in told.err
    assert "line 3, units" in told.err
    assert [letter.dry_run for letter in house.letters] == [True]


def test_a_rule_is_added_and_its_keys_are_made_until_it_is_tried(
    zaiko: Zaiko, house: FakeDoor
) -> None:
    words = "link rules add yahoo --fields code,sub_code --join - --base SKU_CODE --fold width"
    told = zaiko(*words.split(), "--json")
    assert (told.code, told.err) == (0, "")
    wish = RuleWish("yahoo", ("code", "sub_code"), "-", ("sku_code",), "", ("width",), None)
    assert house.letters == [
        MakeRules(1, (wish,), ACTOR), ReadyRules(2), ReadyRules(3), AskRules(4, None),
    ]  # fmt: skip
    assert told.json["rules"] == [RULE]


def test_a_rule_that_cannot_be_is_one_sentence(zaiko: Zaiko, house: FakeDoor) -> None:
    refusal = {"line": 0, "column": "fields", "message": "name は不可", "message_en": "no name"}
    house.on(MakeRules, MADE | {"added": 0, "rules": [], "refusals": [refusal]})
    told = zaiko("link", "rules", "add", "yahoo", "--fields", "name", "--base", "jan")
    assert (told.code, told.err) == (2, "no name / name は不可\n")
    assert len(house.letters) == 1


def test_a_test_of_rules_shows_what_is_ambiguous_first_and_how_to_settle_it(
    zaiko: Zaiko, house: FakeDoor
) -> None:
    out = zaiko("link", "rules", "test", "yahoo").out
    several, linked, none = (out.index(word) for word in ("A / B", "TEE", "no match"))
    assert several < linked < none
    assert "zaiko link set" in out


def test_of_a_refused_file_of_rules_the_line_and_column_are_told_and_nothing_is_made(
    zaiko: Zaiko, house: FakeDoor, tmp_path: Path
) -> None:
    file = tmp_path / "rules.csv"
    head = "mall,position,fields,join,base_fields,base_join,fold\n"
    file.write_text(f"{head}yahoo,,jan,,jan,,\nyahoo,first,jan,,jan,,\n")
    refusal = {"line": 2, "column": "mall", "message": "なし", "message_en": "no yahoo"}
    house.on(MakeRules, MADE | {"added": 0, "rules": [], "refusals": [refusal]})
    told = zaiko("link", "rules", "import", str(file))
    assert told.code == 2
    assert "line 2, mall: no yahoo" in told.err
    assert "line 3, position" in told.err
    assert [letter.dry_run for letter in house.letters] == [True]


def test_rules_that_are_exported_can_be_imported(
    zaiko: Zaiko, house: FakeDoor, tmp_path: Path
) -> None:
    file = tmp_path / "rules.csv"
    assert zaiko("link", "rules", "export", str(file)).code == 0
    told = zaiko("link", "rules", "import", str(file), "--dry-run")
    assert (told.code, told.err) == (0, "")
    wish = RuleWish("yahoo", ("code", "sub_code"), "-", ("sku_code",), "", ("case",), 1, 2)
    assert house.letters[-1] == MakeRules(1, (wish,), ACTOR, dry_run=True)
    assert zaiko("link", "rules", "export", str(tmp_path / "no" / "rules.csv")).code == 2


@pytest.mark.parametrize(
    ("words", "delta", "reason"),
    [
        ("stock adjust TEE +3", 3, ""),
        ("stock adjust TEE -2 --reason 破損", -2, "破損"),
        ("stock adjust --reason 破損 TEE -2", -2, "破損"),
        ("--json stock --reason=破損 adjust TEE -2", -2, "破損"),
        ("stock adjust -- TEE -2", -2, ""),
    ],
)
def test_a_signed_number_is_a_value_and_options_stand_anywhere(
    zaiko: Zaiko, house: FakeDoor, words: str, delta: int, reason: str
) -> None:
    assert zaiko(*words.split()).code == 0
    assert (house.last.sku, house.last.delta, house.last.reason) == ("TEE", delta, reason)
    assert house.last.key


@pytest.mark.parametrize(
    ("words", "brought"),
    [
        ("stock receive TEE +3 --note 第2便", (3, False, None, "", "第2便")),
        ("stock return TEE 1", (1, True, None, "", "")),
        ("stock return TEE +1 --order yahoo:y:1", (1, True, "yahoo", "y:1", "")),
    ],
)
def test_units_are_brought_with_a_key_of_their_own(
    zaiko: Zaiko, house: FakeDoor, words: str, brought: tuple[Any, ...]
) -> None:
    assert zaiko(*words.split()).code == 0
    told = house.last
    assert (told.units, told.is_return, told.mall, told.number, told.note) == brought
    assert (told.sku, told.actor) == ("TEE", ACTOR)
    assert told.key


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("sku,quantity,at\nTEE,3,\n\nCAP,0,1970-01-01T00:00:05Z\n", "utf-8-sig"),
        ("商品コード\t数量\t日時\nTEE\t3\t\nCAP\t0\t1970-01-01T00:00:05Z\n", "cp932"),
    ],
)
def test_a_file_of_counts_is_looked_at_whole_before_it_is_booked(
    zaiko: Zaiko, house: FakeDoor, directory: Path, text: str, encoding: str
) -> None:
    file = directory / "counts.csv"
    file.write_bytes(text.encode(encoding))
    told = zaiko("stock", "take", "--file", str(file), "--at", "1970-01-01T00:00:09Z", "--json")
    assert told.code == 0
    counts = (CountedSku("TEE", 3, 9.0), CountedSku("CAP", 0, 5.0))
    assert [(letter.counts, letter.dry_run) for letter in house.letters] == [
        (counts, True), (counts, False)
    ]  # fmt: skip
    assert len({letter.key for letter in house.letters}) == 1


@pytest.mark.parametrize(
    ("text", "told_of"),
    [
        ("sku,quantity\nTEE,3\nCAP,-1\n", "Line 3, column quantity: -1"),
        ("sku,quantity\nTEE,3\n,1\n", "Line 3, column sku"),
        ("sku,quantity\nTEE,3\nCAP,1\ntee,4\n", "Line 4, column sku: tee (2)"),
        ("sku,quantity,at\nTEE,3,noon\n", "Line 2, column at: noon"),
        ("sku,quantity\nTEE,3,4\n", "Line 2, column 3: 4"),
        ("sku,amount\nTEE,3\n", "must name the columns"),
        ("sku,quantity\n", "holds no counts"),
    ],
)
def test_a_bad_file_of_counts_is_named_by_line_and_column_and_books_nothing(
    zaiko: Zaiko, house: FakeDoor, directory: Path, text: str, told_of: str
) -> None:
    file = directory / "counts.csv"
    file.write_text(text, encoding="utf-8")
    told = zaiko("stock", "take", "--file", str(file))
    assert told.code == 2
    assert is_one_sentence(told)
    assert told_of in told.err
    assert house.letters == []


def test_a_refused_count_is_told_in_one_sentence(zaiko: Zaiko, house: FakeDoor) -> None:
    refused = {
        "index": 0, "column": "at", "message": "未来です。", "message_en": "In the future.",
    }  # fmt: skip
    house.on(TakeStock, {"rows": [], "refused": [refused]})
    told = zaiko("stock", "take", "TEE", "3", "--at", "2999-01-01")
    assert told.code == 2
    assert told.err == "In the future. / 未来です。\n"
    assert [letter.dry_run for letter in house.letters] == [True]


@pytest.mark.parametrize(
    "words",
    ["stock take TEE", "stock take", "stock take TEE 3 --at noon", "stock return TEE 1 --order y",
     "sync off yahoo", "sync on yahoo t1 --all",
     "stock receive TEE 0", "stock receive TEE -1", "history TEE --at later"],
)  # fmt: skip
def test_stock_work_that_is_not_clear_asks_nothing(
    zaiko: Zaiko, house: FakeDoor, words: str
) -> None:
    told = zaiko(*words.split())
    assert told.code == 2
    assert is_one_sentence(told)
    assert house.letters == []


@pytest.mark.parametrize(
    "words",
    ["--config other.toml --json status", "status --json --config=other.toml",
     "--json status --config other.toml"],
)  # fmt: skip
def test_everywhere_options_are_taken_before_and_after(
    zaiko: Zaiko, house: FakeDoor, directory: Path, words: str
) -> None:
    (directory / "zaiko.toml").rename(directory / "other.toml")
    assert zaiko(*words.split()).json == STATUS


def test_a_long_list_is_one_json_list_read_page_by_page(zaiko: Zaiko, house: FakeDoor) -> None:
    pages = {None: ("b", 2), "b": ("c", 2), "c": (None, 1)}

    def page_of(question: AskStock) -> Any:
        following, rows = pages[question.after]
        return {"rows": [ROW] * rows, "hits": 5, "next": following}

    house.on(AskStock, page_of)
    assert len(zaiko("stock", "list", "--json").json) == 5
    assert [letter.after for letter in house.letters] == [None, "b", "c"]


def test_a_person_is_told_that_there_is_more(zaiko: Zaiko, house: FakeDoor) -> None:
    house.on(AskStock, {"rows": [ROW] * 50, "hits": 70, "next": "x"})
    assert "70 件中 50 件" in zaiko("stock", "list").out
    assert len(house.letters) == 1


def test_an_import_is_followed_until_it_is_done(zaiko: Zaiko, house: FakeDoor) -> None:
    house.on(StartImport, {**IMPORT, "state": "running"})
    states = iter(("running", "done"))
    house.on(AskImport, lambda _: {**IMPORT, "state": next(states)})
    assert zaiko("import", "rakuten", "--json").json == IMPORT
    assert [letter.job for letter in house.letters[1:]] == [3, 3]


def test_an_import_of_a_halted_mall_says_that_it_waits(
    zaiko: Zaiko, house: FakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_products, "IMPORT_STILL_S", 0.0)
    waiting = {**IMPORT, "state": "waiting", "read": 0}
    house.on(StartImport, waiting)
    house.on(AskImport, waiting)
    told = zaiko("import", "rakuten")
    assert told.code == 3
    assert is_one_sentence(told)
    assert "halted" in told.err


def test_an_import_that_is_not_waited_for_says_its_number(zaiko: Zaiko, house: FakeDoor) -> None:
    house.on(StartImport, {**IMPORT, "state": "waiting"})
    assert zaiko("import", "rakuten", "--no-wait", "--json").json["job"] == 3
    assert len(house.letters) == 1


def test_a_blocked_reflect_exits_3_with_its_rows(zaiko: Zaiko, house: FakeDoor) -> None:
    blocked = {**REFLECTED, "result": "blocked", "reason": "停止中", "delta": None}
    house.on(StartReflect, {"rows": [REFLECTED, blocked], "next": None})
    told = zaiko("reflect", "TEE", "--json")
    assert told.code == 3
    assert told.json == [REFLECTED, blocked]
    assert "1 件は反映できません" in told.err


def test_a_reflect_job_is_followed_until_it_is_done(
    zaiko: Zaiko, house: FakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_reflect, "ASK_AGAIN_S", 0.0)
    running = {**REFLECT_JOB, "state": "running", "step": "pushing", "pushed": 1, "waiting": 3}
    house.on(StartReflectJob, running)
    house.on(AskReflectJobs, lambda letter: [REFLECT_JOB if letter.id > 3 else running])
    told = zaiko("reflect", "--all", "--json")
    assert (told.code, told.json) == (0, REFLECT_JOB)
    assert house.letters[1:] == [AskReflectJobs(number, 2) for number in (2, 3, 4)]


@pytest.mark.parametrize(
    "left",
    [{"blocked": 2}, {"state": "stopped", "step": "stopped"},
     {"state": "running", "step": "pushing", "approve": ["yahoo"]}],
    ids=["blocked", "stopped", "held"],
)  # fmt: skip
def test_a_reflect_job_that_could_not_do_all_exits_3(
    zaiko: Zaiko, house: FakeDoor, left: dict[str, Any]
) -> None:
    house.on(StartReflectJob, {**REFLECT_JOB, **left})
    told = zaiko("reflect", "--all", "--json")
    assert (told.code, told.json["job"]) == (3, 2)


def test_ctrl_c_leaves_a_reflect_job_running_and_says_so(
    zaiko: Zaiko, house: FakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_views: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(progress, "follow_job", interrupted)
    house.on(StartReflectJob, {**REFLECT_JOB, "state": "running", "step": "placing"})
    told = zaiko("reflect", "--all")
    assert told.code == 130
    assert "zaiko reflect stop 2" in told.err


def test_a_dry_run_is_written_as_a_file(zaiko: Zaiko, house: FakeDoor, tmp_path: Path) -> None:
    target = tmp_path / "反映.csv"
    told = zaiko("reflect", "--all", "--dry-run", "--csv", str(target), "--json")
    assert told.json == {"file": str(target), "rows": 1}
    head, row = target.read_text("utf-8-sig").splitlines()
    assert head == "SKU,モール,商品コード,枝番,在庫,反映数,増減,結果,理由"
    assert row.startswith("TEE,rakuten,")
    assert len(house.letters) == 1
    refused = zaiko("reflect", "--all", "--dry-run", "--csv", str(tmp_path / "no" / "x.csv"))
    assert refused.code == 2


def test_watch_prints_an_event_a_line_until_ctrl_c(
    zaiko: Zaiko, house: FakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.events.append(Event(1.0, "push", "yahoo", "tee", "反映しました", "pushed", -1))
    shown = page.write_json

    def once(value: object) -> None:
        shown(value)
        raise KeyboardInterrupt

    monkeypatch.setattr(page, "write_json", once)
    told = zaiko("watch", "--json")
    assert told.code == 0
    assert told.json["action"] == "push"


def test_what_a_mall_wrote_cannot_move_the_cursor(zaiko: Zaiko, house: FakeDoor) -> None:
    house.on(AskStock, {"rows": [{**ROW, "name": "a\x1b[2Jb"}], "hits": 1, "next": None})
    assert "\x1b" not in zaiko("stock", "list").out


# --- how it says no -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("statsu", "zaiko status"),
        ("stock lst", "zaiko stock list"),
        ("stock list --serch x", "--search"),
        ("stock list --josn", "--json"),
        ("stock set TEE", "zaiko stock set --help"),
        ("stock set TEE 1.5", "zaiko stock set --help"),
        ("stock set TEE -5", "zaiko stock set --help"),
        ("stock set TEE 5 6", "zaiko stock set --help"),
        ("stock adjust TEE many", "zaiko stock adjust --help"),
        ("stock list --limit", "--limit"),
        ("stock list --limit 0", "--limit"),
        ("errors show x", "zaiko errors show --help"),
        ("errors clear", "--mall"),
        ("errors clear 1 --mall yahoo", "--mall"),
        ("reflect", "--all"),
        ("reflect --all TEE", "--all"),
        ("reflect --all --diff", "--mall only"),
        ("reflect --all --csv f.csv", "--dry-run"),
        ("reflect list 3", "reflect list"),
        ("reflect resume", "reflect resume ID"),
        ("reflect stop x", "reflect stop [ID]"),
        ("reflect stop --all", "number only"),
        ("import", "zaiko import --help"),
        ("link rules add", "zaiko link rules add --help"),
        ("link rules add yahoo --fields jan", "--base"),
        ("link rules add yahoo --fields jan --base jan --position 0", "--position"),
        ("link rules remove 99999999999999999999", "zaiko link rules remove --help"),
        ("link rules remove x", "zaiko link rules remove --help"),
        ("link rules test yahoo --fields jan", "--base"),
        ("link rules test yahoo --fold case", "--fields and --base"),
        ("link rules import none.csv", "none.csv"),
        ("import rakuten --file x.txt", "x.txt"),
        ("import rakuten --dry-run", "--file"),
        ("settings set rakuten tee", "--lead-time"),
        ("settings set rakuten tee --lead-time soon", "whole number"),
        ("settings set rakuten tee --restock-date 2026-02-30", "2026-12-01"),
        ("settings set rakuten tee --overdraft maybe", "on, off or none"),
        ("offers set --buffer 2", "--mall"),
        ("offers set --sku TEE", "--buffer"),
        ("offers set --sku TEE --buffer -1", "--buffer"),
        ("offers set --sku TEE --share 101", "--share"),
        ("offers set --sku TEE --cap -1", "--cap"),
        ("offers set --sku TEE --cap 1000000001", "--cap"),
        ("offers remove", "--mall"),
        ("stock export", "zaiko stock export --help"),
        ("stock list --sort size", "--sort"),
        ("stock list --csv out.csv --encoding latin", "--encoding"),
        ("stock list --unlinked --max 3", "--unlinked"),
        ("sandbox ebay", "rakuten, yahoo"),
        ("sandbox rakuten --port 99999", "--port"),
        ("demo --seconds 0", "--seconds"),
        ("status --config nowhere.toml", "nowhere.toml"),
        ("key set yahooo a=b", "yahoo"),
    ],
)
def test_bad_words_are_one_sentence_and_exit_2(
    zaiko: Zaiko, house: FakeDoor, words: str, hint: str
) -> None:
    told = zaiko(*words.split())
    assert told.code == 2
    assert is_one_sentence(told), told.err
    assert hint in told.err
    assert house.letters == []


def test_bad_settings_are_one_sentence_and_exit_2(zaiko: Zaiko, directory: Path) -> None:
    (directory / "zaiko.toml").write_text(SETTINGS.replace("request_timeout_s", "request_timout_s"))
    for words in (["status"], ["key", "list"]):
        told = zaiko(*words)
        assert told.code == 2
        assert is_one_sentence(told)
        assert "request_timeout_s" in told.err


@pytest.mark.parametrize("words", [words for words, _ in ASKED] + ["watch"])
def test_without_a_house_a_command_says_so_at_once_and_exits_4(zaiko: Zaiko, words: str) -> None:
    began = time.monotonic()
    told = zaiko(*words.split())
    assert time.monotonic() - began < 1
    assert told.code == 4
    assert is_one_sentence(told)
    assert "zaiko run" in told.err


def test_a_socket_file_without_a_house_is_no_house(zaiko: Zaiko, directory: Path) -> None:
    state = StateDir(directory / "state")
    state.root.mkdir(mode=0o700)
    state.claim()
    with answering(state.endpoint("inventory"), state.endpoint("events")):
        pass
    (directory / "state" / "lock").write_text(f"{os.getpid()}\n")
    assert zaiko("status").code == 4


def test_a_house_that_is_silent_is_given_up_in_time(zaiko: Zaiko, house: FakeDoor) -> None:
    house.on(AskStatus, lambda _: None)
    told = zaiko("status")
    assert told.code == 4
    assert is_one_sentence(told)


@pytest.mark.parametrize("code", [2, 3])
def test_a_refusal_is_told_in_both_languages_with_its_code(
    zaiko: Zaiko, house: FakeDoor, code: int
) -> None:
    house.on(ClearErrors, Denied(0, code, "キーがまだ使えません", "The key does not work yet"))
    told = zaiko("errors", "clear", "7", "--json")
    assert told.code == code
    assert told.err == "The key does not work yet / キーがまだ使えません\n"
    assert is_one_sentence(told)


def test_a_bug_is_one_sentence_and_exits_1(zaiko: Zaiko, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(client, "open_house", broken)
    told = zaiko("status")
    assert told.code == 1
    assert is_one_sentence(told)
    assert "RuntimeError" in told.err


def test_ctrl_c_is_one_sentence_and_exits_130(
    zaiko: Zaiko, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "open_house", interrupted)
    told = zaiko("stock", "set", "TEE", "5")
    assert told.code == 130
    assert is_one_sentence(told)


def test_a_sku_that_is_not_there_exits_2(zaiko: Zaiko, house: FakeDoor) -> None:
    house.on(AskStock, {"rows": [], "hits": 0, "next": None})
    told = zaiko("stock", "show", "NOPE")
    assert told.code == 2
    assert is_one_sentence(told)


def test_help_is_plain_and_everywhere(zaiko: Zaiko) -> None:
    for words in ([], ["--help"], ["stock", "--help"], ["stock", "adjust", "-h"], ["help"]):
        told = zaiko(*words)
        assert told.code == (2 if words == ["help"] else 0)
        assert "╭" not in told.out
    assert "--reason" in zaiko("stock", "adjust", "--help").out
    assert "--config" in zaiko("stock", "adjust", "--help").out


# --- processes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("run", "actors.supervisor"),
        ("run --config x.toml", "actors.supervisor --config x.toml"),
        ("mall yahoo", "actors.mall yahoo"),
        ("--config x.toml mall yahoo", "actors.mall yahoo --config x.toml"),
        ("demo", "actors.demo"),
        ("demo --json --seconds 5", "actors.demo --seconds 5 --json"),
        ("sandbox all", "sandbox all --port 0 --speed 1"),
        ("sandbox yahoo --port 9002 --speed 60", "sandbox yahoo --port 9002 --speed 60"),
    ],
)
def test_a_process_takes_the_place_of_the_command(
    zaiko: Zaiko, monkeypatch: pytest.MonkeyPatch, words: str, command: str
) -> None:
    became: list[Any] = []
    monkeypatch.setattr("os.execve", lambda *told: became.append(told))
    zaiko(*words.split())
    ((program, line, environ),) = became
    assert program == sys.executable
    assert line == [sys.executable, "-P", "-m", *command.split()]
    # Our own rooms come before any stray ones, from any working directory.
    assert environ["PYTHONPATH"].split(os.pathsep)[0] == str(Path(cli.__file__).parent)


# --- keys ---------------------------------------------------------------------------------------


def stored(directory: Path) -> Any:
    return json.loads((directory / "state" / "keys" / "rakuten.json").read_text())["credentials"]


def words_of(values: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]


def test_a_key_given_in_words_is_stored_for_us_alone_and_never_shown(
    zaiko: Zaiko, directory: Path
) -> None:
    told = zaiko("key", "set", "rakuten", *words_of(KEY))
    assert (told.code, told.err) == (0, "")
    assert stored(directory) == KEY
    file = directory / "state" / "keys" / "rakuten.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    listed = zaiko("key", "list", "--json")
    assert [row["stored"] for row in listed.json] == [True, False]
    assert "secret-1" not in told.out + listed.out + zaiko("key", "list").out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("key.json", json.dumps(KEY)),
        ("key.toml", "".join(f'{name} = "{value}"\n' for name, value in KEY.items())),
        ("line.json", json.dumps({"mall": "rakuten", "credentials": KEY})),
    ],
)
def test_a_key_is_read_from_a_file(zaiko: Zaiko, directory: Path, name: str, text: str) -> None:
    (directory / name).write_text(text)
    assert zaiko("key", "set", "rakuten", "--file", name).code == 0
    assert stored(directory) == KEY


def test_a_key_is_read_from_stdin(
    zaiko: Zaiko, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(KEY)))
    assert zaiko("key", "set", "rakuten", "-", "--json").json["announced"] is False
    assert stored(directory) == KEY


def test_on_a_terminal_a_key_is_asked_for_without_echo(
    zaiko: Zaiko, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    typed = iter(KEY.values())
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    told = zaiko("key", "set", "rakuten")
    assert told.code == 0
    assert "ライセンスキー" in told.err
    assert stored(directory) == KEY


def test_a_running_house_hears_of_the_key(zaiko: Zaiko, house: FakeDoor) -> None:
    told = zaiko("key", "set", "rakuten", *words_of(KEY), "--json")
    assert told.json["announced"] is True
    assert house.letters == [KeyChanged(1, "rakuten")]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], "service_secret, license_key"),
        (["service_secret=a"], "license_key"),
        (["service_secret=a", "license_key="], "license_key"),
        (["service_secret=a", "licence_key=b"], "license_key"),
        (["service_secret=a", "SL-secret-2"], "FIELD=VALUE"),
        (["--file", "nowhere.json"], "nowhere.json"),
        (["--file", "zaiko.toml"], "zaiko.toml"),
    ],
)
def test_a_key_with_wrong_fields_is_refused_and_nothing_is_stored(
    zaiko: Zaiko, directory: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], hint: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    told = zaiko("key", "set", "rakuten", *words)
    assert told.code == 2
    assert is_one_sentence(told)
    assert hint in told.err
    assert "SL-secret-2" not in told.err
    assert not (directory / "state" / "keys" / "rakuten.json").exists()


# --- doctor -------------------------------------------------------------------------------------


def test_the_doctor_works_without_a_house(zaiko: Zaiko) -> None:
    told = zaiko("doctor", "--json")
    assert told.code == 0
    found = {(row["check"], row["subject"]): row["state"] for row in told.json["checks"]}
    assert found["settings", ""] == "good"
    assert found["key", "rakuten"] == "bad"
    assert found["sandbox", "yahoo"] == "bad"
    assert found["poll_interval", "yahoo"] == "good"
    assert found["daemon", ""] == "warning"
    assert told.json["ok"] is False
    assert "要対応" in zaiko("doctor").out


def test_the_doctor_asks_the_house_that_runs(zaiko: Zaiko, house: FakeDoor) -> None:
    found = {row["check"]: row["state"] for row in zaiko("doctor", "--json").json["checks"]}
    assert found["daemon"] == found["database"] == found["state_dir"] == "good"
    assert found["lane"] == "warning"


def test_the_doctor_reckons_with_the_listings_that_are_linked(
    zaiko: Zaiko, house: FakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {row["subject"]: row for row in zaiko("doctor", "--json").json["checks"]
            if row["check"] == "full_push"}  # fmt: skip
    assert told["rakuten"]["message_en"].startswith("For 1,000 listings")
    monkeypatch.setitem(MALL, "linked", 4_000)
    told = {row["subject"]: row for row in zaiko("doctor", "--json").json["checks"]
            if row["check"] == "full_push"}  # fmt: skip
    assert told["rakuten"]["message_en"].startswith("For all 4,000 linked ones")


def test_the_doctor_sees_an_open_state_dir_and_hasty_polls(zaiko: Zaiko, directory: Path) -> None:
    (directory / "state").mkdir(mode=0o755)
    (directory / "state").chmod(0o755)
    hasty = SETTINGS.replace("request_timeout_s = 1", "poll_interval_s = 1")
    (directory / "zaiko.toml").write_text(hasty.replace("speed = 60\n", ""))
    found = {row["check"]: row["state"] for row in zaiko("doctor", "--json").json["checks"]}
    assert found["state_dir"] == "bad"
    assert found["poll_interval"] == "warning"


def test_the_doctor_of_bad_settings_exits_2(zaiko: Zaiko, directory: Path) -> None:
    (directory / "zaiko.toml").write_text("base_mall = 3")
    told = zaiko("doctor", "--json")
    assert told.code == 2
    assert told.json["checks"][0]["state"] == "bad"


def test_the_command_loads_neither_an_http_client_nor_the_database() -> None:
    program = "import sys, cli; print(*sorted({'httpx', 'sqlalchemy', 'uvicorn'} & {*sys.modules}))"
    told = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == ""


def test_an_error_tells_cause_code_what_to_do_and_where_to_look_in_both_languages(
    zaiko: Zaiko, house: FakeDoor
) -> None:
    command = "zaiko stock list --diff --mall rakuten"
    house.on(AskErrors, [{**FAULT, "differences": command}])
    told = zaiko("errors", "show", "7").out
    for part in ("だめ", "no", "GA0001", "更新", "renew", command):
        assert part in told


def test_the_countdown_of_a_key_shows_wherever_keys_and_malls_are_listed(
    zaiko: Zaiko, house: FakeDoor
) -> None:
    ends = {"key_expires_at": time.time() + 2.5 * 86_400, "key_days_left": 3}
    house.on(AskStatus, {"inventory": "running", "malls": [{**MALL, **ends}]})
    house.on(AskMalls, [{**MALLS[0], **ends}])
    for words in ("status", "malls", "malls show rakuten", "key list", "doctor"):
        assert "あと 3 日" in zaiko(*words.split()).out, words
    (row, other) = zaiko("key", "list", "--json").json
    assert (row["days_left"], other["days_left"]) == (3, None)
    found = zaiko("doctor", "--json").json["checks"]
    (key,) = [row for row in found if row["check"] == "key_expiry"]
    assert (key["subject"], key["state"]) == ("rakuten", "warning")


@pytest.mark.parametrize(
    "words",
    ["malls show nowhere", "errors list --state odd", "errors list --level 7",
     "notify test nowhere", "notify remove nowhere", "notify set x no-address"],
)  # fmt: skip
def test_what_is_not_there_is_refused_in_one_sentence(
    zaiko: Zaiko, house: FakeDoor, words: str
) -> None:
    told = zaiko(*words.split())
    assert told.code == 2
    assert is_one_sentence(told)


@pytest.mark.slow
def test_channels_are_set_listed_and_removed_without_a_house(zaiko: Zaiko) -> None:
    assert "通知先はありません" in zaiko("notify").out
    told = zaiko("notify", "set", "hook", "json://127.0.0.1:1/secret-word")
    assert (told.code, told.err) == (0, "")
    assert "notify test hook" in told.out
    told = zaiko("notify", "list")
    assert "hook" in told.out
    assert "secret-word" not in told.out
    told = zaiko("notify", "test", "hook")
    assert told.code == 3
    assert is_one_sentence(told)
    assert zaiko("notify", "remove", "hook").code == 0
    assert zaiko("notify", "--json").json == []
