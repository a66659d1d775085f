"""Files of totals, links and sets through the command into a running house, beside a bare insert.

    ratio    rows a second of `stock import`, `link import` and `link sets import`, from the
             command's start to its end with all rows applied / those of one executemany of the
             same rows into bare SQLite (WAL, synchronous=FULL, a commit every thousand)
    memory   the peak resident size of the command and of the inventory, of a file of a tenth of the
             rows and of the whole file

Goals: all rows within a minute; peaks of at most 1.25 of those of the small file.
"""

import argparse
import csv
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.house import TOTAL, House, MallPlan, code_of, house_of, started
from bench.limit import rounded

ROOT: Final = Path(__file__).parents[1]
LOOK_S: Final = 0.05
"""From one look at the command's memory to the next."""
COMMIT_ROWS: Final = 1_000
GOALS: Final = {"took_s": 60.0, "memory": 1.25}


def _write(path: Path, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with path.open("w", encoding="cp932", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def _totals(rows: int) -> list[tuple[str, int, str]]:
    return [(code_of(sku), TOTAL - sku % 50, "棚卸") for sku in range(1, rows + 1)]


def _links(rows: int) -> list[tuple[str, str, str, str]]:
    """Every other listing is released, the rest stay: half of the rows change something."""
    return [
        ("two", code_of(sku), "", code_of(sku) if sku % 2 else "") for sku in range(1, rows + 1)
    ]


def _sets(rows: int) -> list[tuple[str, str, str, str, int]]:
    """Every listing takes two of its SKU from now on."""
    return [("two", code_of(sku), "", code_of(sku), 2) for sku in range(1, rows + 1)]


def bare(directory: Path, rows: Sequence[Sequence[Any]]) -> float:
    """Rows a second of a bare insert."""
    path = directory / "bare.db"
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    marks = ", ".join("?" * len(rows[0]))
    names = ", ".join(f"c{place}" for place in range(len(rows[0])))
    connection.execute(f"CREATE TABLE sheet (line INTEGER PRIMARY KEY, {names})")
    began = time.perf_counter()
    for start in range(0, len(rows), COMMIT_ROWS):
        connection.execute("BEGIN IMMEDIATE")
        page = rows[start : start + COMMIT_ROWS]
        connection.executemany(f"INSERT INTO sheet ({names}) VALUES ({marks})", page)  # noqa: S608  question marks only
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    path.unlink()
    return len(rows) / took


def _peak_mib(pid: int) -> float:
    for text in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if text.startswith("VmHWM:"):
            return int(text.split()[1]) / 1024
    return 0.0


def _command(house: House, *words: str) -> tuple[float, float, dict[str, Any]]:
    """(seconds, the command's peak in MiB, what it said)."""
    whole = [sys.executable, "-P", "-m", "cli", *words, "--json", "--config", str(house.file)]
    told = house.directory / "told.json"
    began = time.perf_counter()
    with told.open("wb") as out:
        process = subprocess.Popen(whole, cwd=ROOT, stdout=out)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _peak_mib(process.pid))
            time.sleep(LOOK_S)
    took = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
    return took, peak, json.loads(told.read_text(encoding="utf-8"))


def measure(rows: int, skus: int) -> dict[str, Any]:
    """Both kinds of file with so many rows, in a house of its own."""
    found: dict[str, Any] = {}
    with house_of([MallPlan("one", "rakuten"), MallPlan("two", "yahoo")]) as house:
        house.fill(skus)
        files: dict[str, tuple[list[str], Sequence[str], Sequence[Sequence[Any]]]] = {
            "totals": (["stock", "import"], ("SKU", "数量", "備考"), _totals(rows)),
            "links": (["link", "import"], ("mall", "code", "sub_code", "sku"), _links(rows)),
            "sets": (
                ["link", "sets", "import", "--csv"],
                ("mall", "code", "sub_code", "sku", "units"),
                _sets(rows),
            ),
        }
        for kind, (words, head, lines) in files.items():
            file = house.directory / f"{kind}.csv"
            _write(file, head, lines)
            with started(house, "actors.inventory") as process:
                took, peak, said = _command(house, *words, str(file))
                inventory = _peak_mib(process.pid)
            applied = said["applied"] if "applied" in said else said["changed"]
            if applied != rows:
                raise RuntimeError(f"{applied} of {rows} rows were applied")
            limit = bare(house.directory, lines)
            found[kind] = {
                "took_s": took,
                "rows_per_s": rows / took,
                "bare_rows_per_s": limit,
                "ratio": rows / took / limit,
                "command_mib": peak,
                "inventory_mib": inventory,
            }
    return found


def run(told: argparse.Namespace) -> dict[str, Any]:
    """The bench's result."""
    small, whole = measure(told.rows // 10, told.rows), measure(told.rows, told.rows)
    names = ("command_mib", "inventory_mib")
    growth = {kind: max(whole[kind][name] / small[kind][name] for name in names) for kind in whole}
    return {
        "bench": "sheets",
        "rows": [told.rows // 10, told.rows],
        "small": small,
        "whole": whole,
        "growth": growth,
        "goals": GOALS,
        "is_reached": {
            kind: whole[kind]["took_s"] <= GOALS["took_s"] and growth[kind] <= GOALS["memory"]
            for kind in whole
        },
    }


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    print(json.dumps(rounded(run(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
