"""A whole zaiko from outside: sandboxes, settings, keys, the supervisor, and an operator's line.

Everything here goes the way an operator goes: settings in a file, keys in the key folder, questions
over the house's socket, signals to processes. Nothing is looked up inside the running processes.
"""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.keys import store_key
from actors.wire import CLIENT_SIDE, Line, NoAnswer
from config.state import StateDir
from engine.questions import (
    AdjustStock,
    Answer,
    AskErrors,
    AskHistory,
    AskImport,
    AskStatus,
    AskStock,
    ClearErrors,
    ControlMall,
    Denied,
    FromClient,
    KeyChanged,
    LinkAdd,
    LinkRemove,
    SetStock,
    StartImport,
    StartReflect,
    StockFilter,
)
from tests.acceptance.seen import kill, leaks_of_files, leaks_of_processes, long_enough, pids_with
from tests.acceptance.shop import ROOT, Shop
from tests.acceptance.truth import complaints, states_of
from tests.acceptance.waiting import SETTLE_S, SOON_S, wait_for, wait_until_right

SPEED: Final = 60.0
ANSWER_S: Final = 60.0
"""An operator's command may wait for a credential check."""
LOOK_ANSWER_S: Final = 0.5
"""A look at a house that may be restarting: asked again."""
ROWS_MAX: Final = 1_000
POLL_TAKES_S: Final = 1.0
"""A poll that ended this long after a moment began after it."""
WHO: Final = "acceptance"

DEFAULTS: Final[Mapping[str, object]] = {
    "poll_interval_s": 1,
    "compare_interval_s": 1,
    "reread_interval_s": 2,
    "lag_s": 6,
    "http_timeout_s": 3,
    "send_within_s": 2,
    "retry_bound_s": 0.5,
    "heartbeat_interval_s": 0.5,
    "lease_fresh_s": 3,
}
"""Wall seconds (lag_s: a mall's): as short as a loaded machine allows without looking broken."""

Row = dict[str, Any]


class House:
    """One state_dir with its malls. `start` and `stop` may be called again and again."""

    def __init__(
        self,
        directory: Path,
        shops: Sequence[Shop],
        settings: Mapping[str, object],
        per_mall: Mapping[str, Mapping[str, object]],
    ) -> None:
        self.directory = directory
        self.shops = {shop.name: shop for shop in shops}
        self.config = directory / "zaiko.toml"
        self.state = StateDir(directory / "state")
        self.process: subprocess.Popen[bytes] | None = None
        self.settings = dict(settings)
        self.per_mall = {name: dict(values) for name, values in per_mall.items()}
        self.opened: dict[str, int] = {}
        """Totals before any order, by SKU code, as far as they are checked."""
        self.write_settings()

    # --- files --------------------------------------------------------------------------------

    def write_settings(self) -> None:
        """zaiko.toml from the settings and from what the sandboxes printed."""
        first = next(iter(self.shops))
        top = {"state_dir": "state", "base_mall": first, **DEFAULTS, **self.settings}
        text = _toml(top)
        for name, shop in self.shops.items():
            text += f"\n{shop.config}{_toml(self.per_mall.get(name, {}))}"
        self.config.write_text(text)

    def store_key(self, name: str) -> None:
        """`key set` with the credentials that work now."""
        store_key(self.state.key_file(name), self.shops[name].credentials, time.time())

    # --- processes ----------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the supervisor; returns at once."""
        with (self.directory / "out.txt").open("ab") as out:
            self.process = subprocess.Popen(
                self.command("actors.supervisor"),
                cwd=self.directory,
                env=self.environ,
                stdout=out,
                stderr=out,
            )

    def command(self, module: str, *words: str) -> list[str]:
        """The command line of one of the house's own processes."""
        return [sys.executable, "-P", "-m", module, *words, "--config", str(self.config)]

    @property
    def environ(self) -> dict[str, str]:
        """What its processes are started with."""
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def pids(self) -> dict[str, int]:
        """The house's living processes: `supervisor`, `inventory`, a mall's name."""
        found = {}
        for pid, words in pids_with(str(self.config)).items():
            told = [word for word in words[words.index("-m") + 1 :] if word != "actors.lean"]
            module = told[0].removeprefix("actors.")
            found[told[1] if module == "mall" else module] = pid
        return found

    def send(self, name: str, number: signal.Signals) -> int:
        """Sends a signal to one of them; its process id."""
        pid = self.pids()[name]
        os.kill(pid, number)
        return pid

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends the house; the supervisor's exit code. No process of it may be left."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(SETTLE_S)
        self.process = None
        wait_until_right(self.pids, "every process of the house to end", SOON_S)
        return code

    # --- asking -------------------------------------------------------------------------------

    def ask(self, question: Callable[[int], FromClient]) -> Any:
        """The body of the answer; fails if it was denied."""
        reply = self.put(question)
        assert isinstance(reply, Answer), reply
        return msgspec.msgpack.decode(reply.body)

    def denied(self, question: Callable[[int], FromClient]) -> Denied:
        """The refusal; fails if it was answered."""
        reply = self.put(question)
        assert isinstance(reply, Denied), reply
        return reply

    def put(self, question: Callable[[int], FromClient], bound_s: float = ANSWER_S) -> Any:
        """Answer or Denied."""
        return asyncio.run(_put(self.state.endpoint("inventory"), question, bound_s))

    def look(self, question: Callable[[int], FromClient]) -> Any:
        """As `ask`, of a house that may be restarting; None when there was no answer."""
        try:
            reply = self.put(question, LOOK_ANSWER_S)
        except NoAnswer:
            return None
        return msgspec.msgpack.decode(reply.body) if isinstance(reply, Answer) else None

    def malls(self) -> dict[str, Row]:
        """`status`, by mall; {} while nobody answers."""
        status = self.look(AskStatus)
        return {} if status is None else {row["name"]: row for row in status["malls"]}

    def lane(self, name: str) -> str:
        """One mall's state."""
        return str(self.malls().get(name, {}).get("state", ""))

    def faults(self, mall: str | None = None, state: str = "open") -> list[Row]:
        """`errors list`: those of a state, newest first."""
        rows = self.look(lambda number: AskErrors(number, None, mall, with_cleared=True)) or []
        return [row for row in rows if row["state"] == state]

    def stock(self, **chosen: Any) -> list[Row]:
        """`stock list`."""
        wanted = StockFilter(**chosen)
        page = self.look(lambda number: AskStock(number, wanted, None, ROWS_MAX))
        return [] if page is None else list(page["rows"])

    def sku(self, code: str) -> Row:
        """One row of `stock list`; {} while it is not there."""
        return next((row for row in self.stock(skus=(code,)) if row["sku"] == code), {})

    def total(self, code: str) -> int | None:
        """One SKU's total."""
        total: int | None = self.sku(code).get("total")
        return total

    def listing(self, sku: str, mall: str) -> Row:
        """One listing of a SKU; {} while it is not there."""
        listings = self.sku(sku).get("listings", ())
        return next((row for row in listings if row["mall"] == mall), {})

    def history(self, sku: str) -> list[Row]:
        """Every movement of a SKU, oldest first."""
        rows: list[Row] = []
        after = 0
        while True:
            page = self.ask(partial(AskHistory, sku=sku, after=after, limit=ROWS_MAX))
            rows += page["rows"]
            if page["next"] is None:
                return rows
            after = page["next"]

    # --- commands -----------------------------------------------------------------------------

    def import_from(self, name: str) -> Row:
        """`import NAME`, until it is done."""
        job = self.ask(lambda number: StartImport(number, name, WHO))["job"]

        def done() -> Row | None:
            view: Row | None = self.look(lambda number: AskImport(number, job))
            return view if view is not None and view["state"] == "done" else None

        return wait_for(done, f"the import of {name}", SETTLE_S) or {}

    def clear(self, *fault_ids: int, mall: str | None = None) -> Answer | Denied:
        """`errors clear`."""
        reply: Answer | Denied = self.put(lambda number: ClearErrors(number, fault_ids, mall, WHO))
        return reply

    def key_changed(self, name: str) -> None:
        """What `key set` tells a running house."""
        self.ask(lambda number: KeyChanged(number, name))

    def control(self, name: str, verb: str) -> None:
        """`malls pause | resume | poll`."""
        self.ask(lambda number: ControlMall(number, name, verb, WHO))

    def set_stock(self, sku: str, quantity: int) -> None:
        """`stock set`."""
        self.ask(lambda number: SetStock(number, sku, quantity, WHO))

    def adjust(self, sku: str, delta: int) -> None:
        """`stock adjust`; the truth goes along."""
        key = secrets.token_hex(8)
        self.ask(lambda number: AdjustStock(number, sku, delta, "数え直し", WHO, key))
        self.opened[sku] += delta

    def reflect(self, *skus: str, **chosen: Any) -> list[Row]:
        """`reflect`; its rows."""
        wanted = StockFilter(skus=skus, **chosen)
        view = self.ask(lambda number: StartReflect(number, wanted, False, False, WHO))
        return list(view["rows"])

    def link(self, sku: str, mall: str, code: str, sub_code: str = "") -> Row:
        """`link add`."""
        added = self.ask(lambda number: LinkAdd(number, sku, mall, code, sub_code, WHO))
        return dict(added)

    def unlink(self, sku: str, mall: str, code: str, sub_code: str = "") -> Row:
        """`link remove`."""
        left = self.ask(lambda number: LinkRemove(number, sku, mall, code, sub_code, WHO))
        return dict(left)

    # --- waiting ------------------------------------------------------------------------------

    def wait_until_polling(self, *names: str, bound_s: float = SETTLE_S) -> None:
        """Every mall, or these, have polled to completion and may push."""
        wanted = names or tuple(self.shops)

        def rests() -> Any:
            malls = self.malls()
            lanes = {name: malls.get(name, {}).get("state") for name in wanted}
            return {name: lane for name, lane in lanes.items() if lane != "running"}

        wait_until_right(rests, "the malls to run", bound_s)

    def wait_until_equal(self, *skus: str, bound_s: float = SETTLE_S) -> None:
        """Totals equal the truth, and what is expected and truly shown is the offer."""
        self._wait_until(skus, None, bound_s)

    def wait_until_right(self, *skus: str, bound_s: float = SETTLE_S) -> None:
        """The same of all SKUs or these, and every linked listing was proven equal."""
        self._wait_until(skus, 0.0, bound_s)

    def wait_until_proven(
        self, *skus: str, since: float | None = None, bound_s: float = SETTLE_S
    ) -> None:
        """The same, proven by readings that began after this moment, or after this call."""
        self._wait_until(skus, time.time() if since is None else since, bound_s)

    def _wait_until(
        self, skus: Sequence[str], since: float | None, bound_s: float = SETTLE_S
    ) -> None:
        def said() -> list[str]:
            rows = self.stock(skus=tuple(skus))
            if not rows or len(rows) < len(skus):
                return [f"{len(rows)} rows of {skus}"]
            return complaints(states_of(self.shops), rows, self.opened, since)

        wait_until_right(said, "totals and quantities to be right", bound_s)

    def wait_until_polled(self, *names: str) -> None:
        """Each of these malls has been polled by a poll that began after this call."""
        since = time.time()
        for name in names or tuple(self.shops):
            wait_for(
                lambda mall=name: (
                    (self.malls().get(mall, {}).get("last_poll_at") or 0.0)  # type: ignore[misc]
                    > since + POLL_TAKES_S
                ),
                f"a poll of {name}",
            )

    def wait_for_fault(self, mall: str, bound_s: float = SOON_S, **wanted: object) -> Row:
        """An open fault of a mall with these values."""

        def found() -> Row | None:
            rows = self.faults(mall)
            return next((row for row in rows if wanted.items() <= row.items()), None)

        return wait_for(found, f"a fault {wanted} of {mall}", bound_s) or {}

    def wait_until_healed(self, fault_id: int, bound_s: float = SETTLE_S) -> None:
        """A fault resolves by itself, and its record stays."""

        def rest() -> object:
            return not any(row["id"] == fault_id for row in self.faults(state="resolved"))

        wait_until_right(rest, f"fault {fault_id} to heal", bound_s)

    # --- leaving ------------------------------------------------------------------------------

    @property
    def credentials(self) -> set[str]:
        """Every credential there ever was, also those that a mall rotated."""
        found = set().union(*(shop.secrets for shop in self.shops.values()))
        for path in self.state.keys.glob("*.json"):
            found.update(msgspec.json.decode(path.read_bytes())["credentials"].values())
        return found

    def secrets(self) -> list[str]:
        """Those of them that are no mere name."""
        return long_enough(self.credentials)

    def leaks(self) -> list[str]:
        """Every place that shows a buyer or a credential."""
        pids = list(self.pids().values())
        return [
            *leaks_of_processes(pids, self.credentials),
            *leaks_of_files(self.directory, self.credentials),
        ]

    def tear_down(self) -> None:
        """Ends everything, whatever state it is in; no process may be left."""
        for pid in self.pids().values():
            kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(SOON_S)
        for shop in self.shops.values():
            shop.stop()
        wait_until_right(self.pids, "every process of the house to end", SOON_S)


@contextmanager
def furnished(
    directory: Path,
    items: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    settings: Mapping[str, object] | None = None,
    per_mall: Mapping[str, Mapping[str, object]] | None = None,
    keys: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    speed: float = SPEED,
) -> Iterator[House]:
    """A house with these items in its malls (the first is the base mall) and its keys stored.

    Not started yet. When it is left, no buyer and no credential may lie anywhere. `kinds` names the
    kind of an account that is not called after it.
    """
    shops: list[Shop] = []
    try:
        for name, stock in items.items():
            shops.append(Shop((kinds or {}).get(name, name), speed, name))
            shops[-1].stock_up(stock)
        house = House(directory, shops, settings or {}, per_mall or {})
        base = next(iter(items.values()))
        house.opened = {str(row.get("sub_code") or row["code"]): row["quantity"] for row in base}
    except BaseException:
        for shop in shops:
            shop.stop()
        raise
    try:
        for name in house.shops if keys is None else keys:
            house.store_key(name)
        yield house
        assert house.leaks() == []
    finally:
        house.tear_down()


def open_up(house: House) -> None:
    """Starts it, imports every mall, and waits until all that is linked is in step."""
    house.start()
    house.wait_until_polling()
    for name in house.shops:
        house.import_from(name)
    house.wait_until_equal()


async def _put(endpoint: str, question: Callable[[int], FromClient], bound_s: float) -> Any:
    line = Line(endpoint, CLIENT_SIDE)
    try:
        return await line.ask(question, bound_s)
    finally:
        line.close()


def _toml(values: Mapping[str, object]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in values.items())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
