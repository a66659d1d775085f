"""Looks at one notification channel's address without a running house; one JSON object on stdout.

    python -P -m actors.channel_check valid    is the address on stdin understood?
    python -P -m actors.channel_check send     sends a test message to it

Exit codes: 0 yes; 3 no. The address comes by stdin and is never printed.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Final

from actors.channel_post import NoSuchService, Post
from actors.channels import ADDRESS_CHARACTERS_MAX
from engine.notice_text import trial_message

EXIT_DONE: Final = 0
EXIT_NOT_NOW: Final = 3


def main(words: Sequence[str] | None = None) -> int:
    """The command; the exit code."""
    parser = argparse.ArgumentParser(prog="zaiko notify")
    parser.add_argument("action", choices=("valid", "send"))
    told = parser.parse_args(words)
    reason = _look(told.action, sys.stdin.read(ADDRESS_CHARACTERS_MAX).strip())
    sys.stdout.write(json.dumps({"reason": reason}) + "\n")
    return EXIT_NOT_NOW if reason else EXIT_DONE


def _look(action: str, address: str) -> str:
    """Why not; "" when all is well."""
    try:
        post = Post(address)
    except NoSuchService:
        return "no-service"
    return post.deliver(*trial_message()) if action == "send" else ""


if __name__ == "__main__":
    sys.exit(main())
