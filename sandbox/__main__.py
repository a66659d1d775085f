"""`python -m sandbox MALL|all [--port P] [--speed N]`: serves pretend malls until stopped.

Exit codes: 0 stopped · 2 bad arguments · 3 a port is taken.
"""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from sandbox.clock import SPEED_MAX
from sandbox.kinds import OPENERS
from sandbox.server import Serving, open_mall, serve

PORT_MAX = 65_535


class _Arguments(argparse.ArgumentParser):
    """Answers a mistake with one sentence."""

    def error(self, message: str) -> NoReturn:
        print(f"sandbox: {message}.", file=sys.stderr)
        raise SystemExit(2)


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = _Arguments(prog="sandbox", description="Serves pretend malls on 127.0.0.1.")
    parser.add_argument("mall", metavar="MALL", help=f"{', '.join(OPENERS)}, or all")
    parser.add_argument("--port", default="0", help="0 picks a free one; all takes P, P+1, ...")
    parser.add_argument("--speed", default="1", help="divides lags, multiplies rates")
    asked = parser.parse_args(arguments)
    if asked.mall != "all" and asked.mall not in OPENERS:
        parser.error(f"there is no mall {asked.mall!r}; known are {', '.join(OPENERS)}, all")
    kinds = list(OPENERS) if asked.mall == "all" else [asked.mall]
    port = _port(parser, asked.port, len(kinds))
    speed = _speed(parser, asked.speed)
    malls: list[Serving] = []
    for offset, kind in enumerate(kinds):
        wanted = port + offset if port else 0
        try:
            malls.append(open_mall(kind, port=wanted, speed=speed))
        except OSError as error:
            print(f"sandbox: cannot serve on port {wanted}: {error.strerror}.", file=sys.stderr)
            for serving in malls:
                serving.listener.close()
            return 3
    serve(malls, lambda line: print(line, flush=True))
    return 0


def _port(parser: _Arguments, text: str, ports: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) + ports - 1 > PORT_MAX:
        parser.error(f"--port takes a number from 0 to {PORT_MAX - ports + 1}, not {text!r}")
    return int(text)


def _speed(parser: _Arguments, text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= SPEED_MAX:
        parser.error(f"--speed takes a number above 0 and up to {SPEED_MAX:g}, not {text!r}")
    return speed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
