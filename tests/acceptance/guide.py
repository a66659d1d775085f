"""The staff's guide, replayed: each command of docs/guide.ja.md, in a shop of pretend malls.

    ```sh       a command: typed, and what it printed stands in the ```text block after it
    `name`:     before a ```csv or ```tsv block: that file, as it lies beside the settings
    <!-- ... -->  what happens in the shop before the next command; see `ShopDay`

`python -m tests.acceptance.guide` writes what was printed into both languages' guides.
"""

import json
import re
import shlex
import sys
import tempfile
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import httpx

from engine.questions import AskReflectJobs, ControlMall
from tests.acceptance.house import House, Row, furnished
from tests.acceptance.receiver import Receiver, receiving
from tests.acceptance.shop import ROOT
from tests.acceptance.typed import Said, typed
from tests.acceptance.waiting import SETTLE_S, wait_for, wait_until_right

GUIDES: Final = (ROOT / "docs/guide.ja.md", ROOT / "docs/guide.md")
PLACE: Final = "/home/zaiko"
"""Where the shop of the guide keeps its settings."""
STAFF: Final = "hanako"
COLUMNS: Final = 132
"""A longer line of output is cut."""
ROWS_MAX: Final = 40
POLLED_EVERY_S: Final = 1.0
BLOCK: Final = re.compile(
    r"^<!-- (?P<day>.*?) -->$"
    r"|^`(?P<file>[^`\n]+)`:\n\n```(?:csv|tsv)\n(?P<content>.*?)^```$"
    r"|^```sh\nzaiko (?P<words>.*?)\n```\n\n```text\n(?P<output>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
PAST: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
ADDRESS_WORD: Final = "word-of-the-office"


def item(code: str, quantity: int, name: str, jan: str = "", **more: Any) -> dict[str, Any]:
    return {"code": code, "quantity": quantity, "name": name, "jan": jan, **more}


def shirt(colour: str, name: str, quantity: int) -> dict[str, Any]:
    return item(
        "tee", quantity, "Tシャツ", "4901234500048", sub_code=f"tee-{colour}", axes={"色": name}
    )


MUG: Final = item("mug", 20, "マグカップ", "4901234500017")
CAP: Final = item("cap", 5, "帽子", "4901234500024")
TEA: Final = item("tea", 30, "緑茶 100g", "4901234500031")
SHIRTS: Final = [shirt("bk", "黒", 12), shirt("wh", "白", 8)]
TOWELS: Final = [item(f"towel-{n:02}", 10, f"タオル {n:02}") for n in range(1, 25)]
MALLS: Final = {
    "rakuten": [MUG, CAP, TEA, item("pot", 3, "急須"), *SHIRTS, *TOWELS],
    "yahoo": [
        MUG, CAP, TEA, item("kyusu", 3, "急須"), *SHIRTS, *TOWELS, item("gift", 2, "お茶セット"),
    ],
    "amazon": [MUG, CAP, TEA],
    "makeshop": [
        MUG | {"code": "100", "quantity": 11}, TEA | {"code": "101", "quantity": 30},
        item("102", 4, "Tシャツ", "4901234500048"),
    ],
}  # fmt: skip
PER_MALL: Final = {
    "rakuten": {"on_difference": "adopt"},
    "makeshop": {"mode": "shadow", "below_zero": "refuses"},
}


class Step(NamedTuple):
    """One command of the guide, and what happened before it."""

    day: Sequence[str]
    files: Sequence[tuple[str, str]]
    words: str
    output: str


def steps_of(text: str) -> list[Step]:
    """The commands of a guide in their order."""
    steps: list[Step] = []
    day: list[str] = []
    files: list[tuple[str, str]] = []
    for found in BLOCK.finditer(text):
        if found["day"] is not None:
            day.append(found["day"])
        elif found["file"] is not None:
            files.append((found["file"], found["content"]))
        else:
            steps.append(Step(day, files, found["words"], found["output"]))
            day, files = [], []
    return steps


class ShopDay:
    """What happens in the shop between its staff's commands, and what they read off the screen."""

    def __init__(self, house: House, receiver: Receiver) -> None:
        self.house = house
        self._receiver = receiver
        self._past = ""
        self._number: int | None = None
        self.stdin = ""
        self.exits = 0
        self.rows = ROWS_MAX
        self._code = ""
        self._secret: Path | None = None

    def next_command(self) -> None:
        """What was only for the command before."""
        self.stdin, self.exits, self.rows, self._number = "", 0, ROWS_MAX, None
        if self._secret is not None:
            self._secret.unlink()
            self._secret = None

    def happen(self, told: str) -> None:
        """One line of a hidden comment."""
        verb, *words = shlex.split(told)
        getattr(self, "do_" + verb.replace("-", "_"))(*words)

    def as_read(self, words: str) -> str:
        """A command with the number, the instant or the code that stands on the screen today."""
        if self._past and PAST.search(words):
            words, self._past = PAST.sub(self._past, words), ""
        if self._number is not None:
            words = re.sub(r"\d+$", str(self._number), words)
        return words.replace("CODE", self._code) if self._code else words

    # --- waiting --------------------------------------------------------------------------------

    def _until(self, complaint: Callable[[], object], words: str) -> None:
        """Waits while every mall is polled again and again: the shop's own interval is long."""

        def said() -> object:
            self._poll_all()
            return complaint()

        wait_until_right(said, words, SETTLE_S)

    def _poll_all(self) -> None:
        for name, mall in self.house.malls().items():
            if mall["state"] in ("running", "degraded"):
                # One that stopped since it was looked at refuses, and is none to be waited for.
                self.house.put(partial(ControlMall, mall=name, verb="poll", actor=STAFF))

    @contextmanager
    def polled(self) -> Iterator[None]:
        """Polls go on while a command waits for what it set going."""
        is_over = threading.Event()

        def poll() -> None:
            while not is_over.wait(POLLED_EVERY_S):
                self._poll_all()

        thread = threading.Thread(target=poll)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def do_running(self, *names: str) -> None:
        self._until(
            lambda: [
                name
                for name in names
                if self.house.malls().get(name, {}).get("state") not in ("running", "degraded")
            ],
            f"{names} to run",
        )

    def do_level(self) -> None:
        """Nothing is on its way, and what a mall shows has been compared once."""
        live = {name for name in self.house.shops if self._is_live(name)}
        self._until(
            lambda: [
                (row["sku"], each["mall"], each["state"], each["expected"], each["offer"])
                for row in self.house.stock()
                for each in row["listings"]
                if each["mall"] in live and each["linked"] and each["synced"]
                and not (
                    (each["expected"] == each["offer"] or each["held"])
                    and each["proven_at"]
                )
            ][:3],
            "every listing to be level",
        )  # fmt: skip

    def _is_live(self, name: str) -> bool:
        mall = self.house.malls().get(name, {})
        return mall.get("state") in ("running", "degraded") and mall.get("mode") != "shadow"

    def do_counted(self, sku: str, total: str) -> None:
        self._until(lambda: self.house.total(sku) != int(total), f"{sku} to be {total}")

    def do_differs(self, mall: str, count: str = "1") -> None:
        def left() -> int:
            rows = self.house.stock(mall=mall, has_difference=True)
            return max(0, int(count) - len(rows))

        self._until(left, f"differences of {mall}")

    def do_adopted(self, sku: str) -> None:
        self._until(lambda: not self._adopted(sku), f"the difference of {sku} to be adopted")
        self.do_level()

    def _adopted(self, sku: str) -> list[Row]:
        return [row for row in self.house.history(sku) if row["reason"] == "adopt"]

    def do_held(self, mall: str) -> None:
        def is_held() -> bool:
            waiting = typed(self.house, "approve", "--json").json
            return any(row["mall"] == mall and row["waits"] for row in waiting)

        self._until(lambda: not is_held(), f"a change of {mall} to be held")

    def do_stopped(self, job: str) -> None:
        def step() -> str:
            views = self.house.look(lambda number: AskReflectJobs(number, int(job))) or [{}]
            return str(views[0].get("step"))

        self._until(lambda: step() != "stopped", f"reflect {job} to have stopped")

    def do_halted(self, mall: str) -> None:
        wait_for(lambda: self.house.lane(mall) == "halted", f"{mall} to stop")

    # --- the malls ------------------------------------------------------------------------------

    def do_sell(self, mall: str, code: str, units: str, status: str = "") -> None:
        shop = self.house.shops[mall]
        number = shop.sell(code, int(units))
        if status:
            shop.change(number, status=status)

    def do_edit(self, mall: str, code: str, quantity: str) -> None:
        self.house.shops[mall].edit_by_hand(code, int(quantity))

    def do_zero(self, mall: str, name: str, count: str) -> None:
        for number in range(1, int(count) + 1):
            self.house.shops[mall].edit_by_hand(f"{name}-{number:02}", 0)

    def do_expire(self, mall: str) -> None:
        self.house.shops[mall].fault("expired_key")

    def do_poll(self, mall: str) -> None:
        self.house.control(mall, "poll")

    def do_renew(self, mall: str) -> None:
        """The shop gives its consent anew in a browser."""
        shop = self.house.shops[mall]
        fields = json.dumps(shop.renew())
        assert typed(self.house, "key", "set", mall, "-", stdin=fields).code == 0

    def do_code(self, mall: str) -> None:
        url = typed(self.house, "key", "renew", mall, "--json").json["url"]
        reply = httpx.get(url, trust_env=False)
        self._code = reply.headers.get("location") or reply.text

    # --- what is typed --------------------------------------------------------------------------

    def do_key_file(self, mall: str, name: str) -> None:
        text = json.dumps(self.house.shops[mall].credentials)
        self._secret = self.house.directory / name
        self._secret.write_text(text)

    def do_address(self) -> None:
        self.stdin = self._receiver.address(ADDRESS_WORD)

    def do_number(self, what: str, name: str) -> None:
        if what == "fault":
            self._number = next(row["id"] for row in self.house.faults(name) if row["level"] == 9)
        else:
            self._number = self._adopted(name)[-1]["seq"]

    def do_time(self) -> None:
        time.sleep(1)  # The instant that is told is whole seconds, and what follows comes later.
        self._past = time.strftime("%Y-%m-%dT%H:%M:%S")
        time.sleep(1)

    def do_exits(self, code: str) -> None:
        self.exits = int(code)

    def do_rows(self, count: str) -> None:
        self.rows = int(count)


class Told(NamedTuple):
    """A command as it was typed today, and what came of it."""

    step: Step
    words: str
    exits: int
    said: Said
    shown: str
    """What the guide shows of it."""


@contextmanager
def shop_of_the_guide(directory: Path) -> Iterator[ShopDay]:
    """The house of the guide, started; Amazon's key is not stored yet."""
    with (
        receiving() as receiver,
        furnished(
            directory,
            MALLS,
            settings={"poll_interval_s": 180, "compare_interval_s": 5},
            per_mall=PER_MALL,
            keys=("rakuten", "yahoo", "makeshop"),
        ) as house,
        patch.dict("os.environ", {"LOGNAME": STAFF}),
    ):
        house.start()
        house.wait_until_polling("rakuten", "yahoo", "makeshop")
        yield ShopDay(house, receiver)
        house.stop()


def replayed(day: ShopDay, steps: Sequence[Step]) -> Iterator[Told]:
    """Types each command after what happened before it."""
    for step in steps:
        day.next_command()
        for told in step.day:
            day.happen(told)
        for name, content in step.files:
            (day.house.directory / name).write_text(content, encoding="utf-8")
        words = day.as_read(step.words)
        with day.polled():
            said = typed(day.house, *shlex.split(words), stdin=day.stdin)
        # A code is no more than a word of the guide.
        told_words = step.words if "CODE" in step.words else words
        yield Told(step, told_words, day.exits, said, shown(said, day.house.directory, day.rows))


def shown(said: Said, directory: Path, rows: int) -> str:
    """What a command printed, as the guide has it: short, and without this machine's paths."""
    text = (said.out + said.err).replace(str(directory), PLACE)
    lines = [line for line in text.splitlines() if not line.startswith("sandbox ")]
    kept = [cut(line.rstrip()) for line in lines[:rows]]
    return "".join(f"{line}\n" for line in [*kept, *(["..."] if len(lines) > rows else [])])


def cut(line: str) -> str:
    """A line that is no wider than the guide."""
    width = 0
    for place, sign in enumerate(line):
        width += 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        if width > COLUMNS:
            return f"{line[: place - 3]}..."
    return line


def written(text: str, told: Sequence[Told]) -> str:
    """A guide with what was printed today."""
    left = iter(told)

    def renewed(found: re.Match[str]) -> str:
        if found["words"] is None:
            return found[0]
        one = next(left)
        return f"```sh\nzaiko {one.words}\n```\n\n```text\n{one.shown}```"

    return BLOCK.sub(renewed, text)


def main() -> int:
    """Writes both guides anew; their commands stay as they are."""
    steps = steps_of(GUIDES[0].read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as place, shop_of_the_guide(Path(place)) as day:
        told = []
        for one in replayed(day, steps):
            sys.stderr.write(f"{one.said.code} zaiko {one.words}\n")
            told.append(one)
    for guide in GUIDES:
        guide.write_text(written(guide.read_text(encoding="utf-8"), told), encoding="utf-8")
    return 0 if all(one.said.code == one.exits for one in told) else 1


if __name__ == "__main__":
    sys.exit(main())
