"""Starts a child of the house without what it never uses: `python -P -m actors.lean NAME WORDS`.

The log library loads the terminal library, where that is installed, for coloured tracebacks. The
children write JSON and draw nothing, so they are told that it is not there: each starts a fifth
sooner and holds five megabytes less.
"""

import importlib
import sys
from collections.abc import Sequence
from typing import Final

CHILDREN: Final = {
    "inventory": "actors.inventory",
    "mall": "actors.mall",
    "notifier": "actors.notifier",
}
"""What may be started so."""
UNUSED: Final = ("rich",)


def main(words: Sequence[str]) -> int:
    """Runs the child; its exit code."""
    module = CHILDREN[words[0]]
    for name in UNUSED:
        sys.modules[name] = None  # type: ignore[assignment]  # its import fails, as if not installed
    code: int = importlib.import_module(module).main(words[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
