"""The words of a command line in the order the command reader wants them.

    zaiko --json stock adjust TEE -2 --reason 破損
      -> --json stock adjust --reason 破損 -- TEE -2

Options may stand anywhere, and a signed number is a value. The reader takes a group's options
before its command and everything behind `--` as values, so words are sorted into these places.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from terminal.usage import UsageRefused, no_such_command, no_such_option, unreadable

SIGNED: Final = re.compile(r"[+-][0-9０-９][0-9０-９,，]*")
HELP: Final = ("-h", "--help")
EVERYWHERE: Final = "Everywhere (共通): --config F  --json  --help"

Command = Any
"""A command or group of commands as Typer makes them."""


def arranged(
    root: Command,
    arguments: Sequence[str],
    defaults: Mapping[str, str],
    path: list[str],
) -> list[str]:
    """The arguments sorted; the command's words are noted in `path`. Raises UsageRefused.

    `defaults` names the command of a group that stands alone.
    """
    takes_value = _options(root)
    options, words = _split(list(arguments), takes_value)
    wants_help = any(option[0] in HELP for option in options)
    command = root
    while hasattr(command, "commands"):
        if not words:
            usual = defaults.get(path[-1]) if path else None
            if usual is None or wants_help:
                break
            words = [usual]
        if words[0] not in command.commands:
            raise no_such_command(path, words[0], command.commands)
        command = command.commands[words[0]]
        path.append(words.pop(0))
        command.epilog = EVERYWHERE
    if not path:
        return ["--help"]
    own = {name for param in command.params for name in _names(param)} | set(HELP)
    above = {name for param in root.params for name in _names(param)}
    first: list[str] = []
    last: list[str] = []
    for option in options:
        name = option[0].partition("=")[0]
        if name in own:
            last += option
        elif name in above:
            first += option
        else:
            raise no_such_option(path, name, own | above)
    return [*first, *path, *last, *(["--", *words] if words else [])]


def _options(command: Command) -> dict[str, bool]:
    """Every option of the tree below, and whether it takes a value."""
    found = {
        name: not param.is_flag
        for param in command.params
        if hasattr(param, "is_flag")
        for name in _names(param)
    }
    for below in getattr(command, "commands", {}).values():
        found |= _options(below)
    return found


def _names(param: Any) -> list[str]:
    names = [*param.opts, *param.secondary_opts]
    return [name for name in names if name.startswith("-")]


def _split(
    arguments: list[str], takes_value: Mapping[str, bool]
) -> tuple[list[list[str]], list[str]]:
    """(options with their values, all other words in their order)."""
    options: list[list[str]] = []
    words: list[str] = []
    while arguments:
        word = arguments.pop(0)
        if word == "--":
            return options, words + arguments
        if word == "-" or not word.startswith("-") or SIGNED.fullmatch(word):
            words.append(word)
        elif takes_value.get(word, False) and arguments:
            options.append([word, arguments.pop(0)])
        else:
            options.append([word])
    return options, words


def refused(error: Any, path: list[str]) -> UsageRefused:
    """What the command reader said, as our sentence."""
    said = " ".join(str(error.format_message()).split())
    return unreadable(path, said)
