"""One value of the settings checked against its field: bounds, choices, and the sentence if not.

The bounds are read from the structs of `config.settings`, so that a number stands in one place.
"""

import difflib
import math
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from config.settings import SettingsError


def fields_of(struct: type[msgspec.Struct]) -> dict[str, msgspec.inspect.Field]:
    """Every field of a settings struct by its name, with its type and bounds."""
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    return {field.name: field for field in info.fields}


def checked(name: str, value: object, kind: msgspec.inspect.Type, where: str) -> object:
    """The value as its field holds it. `where` begins the sentence: the file, and the mall."""
    match kind:
        case msgspec.inspect.UnionType(types=members):
            solid = [kind for kind in members if not isinstance(kind, msgspec.inspect.NoneType)]
            return checked(name, value, solid[0], where)
        case msgspec.inspect.BoolType():
            return _boolean(name, value, where)
        case msgspec.inspect.IntType(ge=low, le=high):
            return _number(name, value, low, high, where, is_whole=True)
        case msgspec.inspect.FloatType(ge=low, le=high):
            return _number(name, value, low, high, where, is_whole=False)
        case msgspec.inspect.LiteralType(values=values):
            return _choice(name, value, [str(choice) for choice in values], where)
        case _:
            return text(name, value, where)


def text(name: str, value: object, where: str) -> str:
    """A text that is not empty."""
    if isinstance(value, str) and value.strip():
        return value
    raise SettingsError(
        f"{where}: {name} must be a text in quotes.",
        f"{name} は引用符で囲んだ文字列で指定してください。",
    )


def web_address(name: str, value: object, where: str) -> str:
    """An http(s) address without a user or a query, and without the slash at its end."""
    address = text(name, value, where)
    try:
        parts = urlsplit(address)
        is_good = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.username is None
            and not parts.query
            and not parts.fragment
            and parts.port != 0
        )
    except ValueError:
        is_good = False
    if is_good:
        return address.rstrip("/")
    raise SettingsError(
        f"{where}: {name} must be an address such as http://127.0.0.1:9001.",
        f"{name} は http://127.0.0.1:9001 のようなアドレスで指定してください。",
    )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that an operator most likely meant."""
    found = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def _boolean(name: str, value: object, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise SettingsError(
        f"{where}: {name} must be true or false, without quotes.",
        f"{name} は true か false で(引用符なしで)指定してください。",
    )


def _number(
    name: str, value: object, low: float | None, high: float | None, where: str, *, is_whole: bool
) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, int) and is_number and not is_whole and abs(value) < 10**15:
        value = float(value)
    if (
        is_number
        and isinstance(value, int if is_whole else float)
        and math.isfinite(value)
        and (low is None or value >= low)
        and (high is None or value <= high)
    ):
        return value
    noun, noun_ja = ("a whole number", "整数") if is_whole else ("a number", "数")
    shown = f" (it is {value})" if is_number else ", without quotes"
    raise SettingsError(
        f"{where}: {name} must be {noun} from {low:g} to {high:g}{shown}.",
        f"{name} は {low:g} から {high:g} までの{noun_ja}で指定してください。",
    )


def _choice(name: str, value: object, choices: list[str], where: str) -> str:
    if isinstance(value, str) and value in choices:
        return value
    listed = ", ".join(choices)
    raise SettingsError(
        f"{where}: {name} must be one of {listed}.",
        f"{name} は {listed} のいずれかを指定してください。",
    )
