"""GraphQL documents read into operations: fields with aliases and arguments, and variables.

A part of the language: fragments and directives are refused, because no client of the contract uses
them. Every mistake of a caller is a `GraphError`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from sandbox.makeshop.replies import GraphError

DEPTH_MAX = 20
_TOKEN = re.compile(
    r"(?P<skip>[\s,\ufeff]+|\#[^\n\r]*)|(?P<mark>\.\.\.|[!$&()\[\]{}:=@|])"
    r"|(?P<name>[_A-Za-z][_0-9A-Za-z]*)|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r'|(?P<string>"(?:[^"\\\n\r]|\\.)*")',
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name` where a value stands."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """One selected field; `fields` is empty for a scalar."""

    name: str
    alias: str
    arguments: dict[str, object]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One query or mutation; variables by name with their type as it was written."""

    kind: Literal["query", "mutation"]
    name: str
    variables: dict[str, str]
    fields: tuple[Field, ...]


class SyntaxMistake(Exception):
    """The document is no GraphQL; told to the caller as an error."""


def read_document(text: str) -> list[Operation] | GraphError:
    """Return the operations of a document."""
    try:
        return _Reader(text).operations()
    except SyntaxMistake as mistake:
        return GraphError(str(mistake), "GRAPHQL_PARSE_FAILED")


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SyntaxMistake(f"Unexpected character at {at}.")
        at = match.end()
        kind = match.lastgroup or ""
        if kind != "skip":
            found.append((kind, match[0]))
    return found


class _Reader:
    """Descends through the tokens; nothing is read twice."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def operations(self) -> list[Operation]:
        found = []
        while self._at < len(self._tokens):
            found.append(self._operation())
        if not found:
            raise SyntaxMistake("The document is empty.")
        return found

    # -- tokens --------------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise SyntaxMistake("Unexpected end of the document.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, mark: str) -> bool:
        if self._peek() == mark:
            self._at += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        _, text = self._next()
        if text != mark:
            raise SyntaxMistake(f"Expected {mark}, found {text}.")

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name":
            raise SyntaxMistake(f"Expected Name, found {text}.")
        return text

    # -- the grammar ---------------------------------------------------------------------------

    def _operation(self) -> Operation:
        if self._peek() == "{":
            return Operation("query", "", {}, self._fields(1))
        kind = self._name()
        if kind not in ("query", "mutation"):
            raise SyntaxMistake(f"Unexpected {kind}.")
        name = "" if self._peek() in ("{", "(") else self._name()
        variables: dict[str, str] = {}
        if self._take("("):
            while not self._take(")"):
                self._expect("$")
                variable = self._name()
                self._expect(":")
                variables[variable] = self._type(1)
        return Operation(
            "mutation" if kind == "mutation" else "query", name, variables, self._fields(1)
        )

    def _type(self, depth: int) -> str:
        _check_depth(depth)
        if self._take("["):
            written = f"[{self._type(depth + 1)}]"
            self._expect("]")
        else:
            written = self._name()
        return f"{written}!" if self._take("!") else written

    def _fields(self, depth: int) -> tuple[Field, ...]:
        _check_depth(depth)
        self._expect("{")
        found: list[Field] = []
        while not self._take("}"):
            if self._peek() in ("...", "@"):
                raise SyntaxMistake("Fragments and directives are not served.")
            alias = name = self._name()
            if self._take(":"):
                name = self._name()
            arguments: dict[str, object] = {}
            if self._take("("):
                while not self._take(")"):
                    argument = self._name()
                    self._expect(":")
                    arguments[argument] = self._value(depth + 1)
            fields = self._fields(depth + 1) if self._peek() == "{" else ()
            found.append(Field(name, alias, arguments, fields))
        if not found:
            raise SyntaxMistake("Expected Name, found }.")
        return tuple(found)

    def _value(self, depth: int) -> object:
        _check_depth(depth)
        kind, text = self._next()
        match kind, text:
            case "mark", "$":
                return Variable(self._name())
            case "mark", "[":
                items: list[object] = []
                while not self._take("]"):
                    items.append(self._value(depth + 1))
                return items
            case "mark", "{":
                fields: dict[str, object] = {}
                while not self._take("}"):
                    name = self._name()
                    self._expect(":")
                    fields[name] = self._value(depth + 1)
                return fields
            case "string" | "number", _:
                return _scalar(text)
            case "name", _:
                return {"true": True, "false": False, "null": None}.get(text, text)
            case _:
                raise SyntaxMistake(f"Unexpected {text}.")


def _scalar(text: str) -> object:
    try:
        value = json.loads(text)
        if isinstance(value, str):
            value.encode()  # half a surrogate pair could not be answered
    except ValueError:
        raise SyntaxMistake(f"Bad value {text[:20]}.") from None
    return value


def _check_depth(depth: int) -> None:
    if depth > DEPTH_MAX:
        raise SyntaxMistake("The document is nested too deeply.")
