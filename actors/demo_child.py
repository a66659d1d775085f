"""Runs another module as this process, which dies with the demo that started it.

    python -P -m actors.demo_child MODULE ARGUMENTS...

The pretend malls and the supervisor are meant to stand on their own and watch no parent; here they
must not outlive the screen they are shown on, however that ends.
"""

import runpy
import sys

from actors.parent import watch_parent

if __name__ == "__main__":
    watch_parent()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
