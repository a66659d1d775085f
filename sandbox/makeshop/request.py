"""One GraphQL call, checked against the schema before anything is done, and its answer's shape.

    body -> document -> operation -> selections exist? -> variables fit? -> calls to be done

Contract: section 3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from sandbox.makeshop.query_text import Field, Operation, Variable, read_document
from sandbox.makeshop.replies import FORBIDDEN, GraphError, bad_request
from sandbox.makeshop.schema import ARGUMENTS, INPUTS, OUTPUTS, SCALAR

Input = Mapping[str, object]
INT_ABS_MAX = 2**31 - 1
FIELDS_MAX = 20  # operations of one document
INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """One operation to be done; its input has the right types."""

    field: Field
    input: Input

    @property
    def name(self) -> str:
        """The operation."""
        return self.field.name


class _Mismatch(Exception):
    """A value does not fit its type; told to the caller as an error."""

    def __init__(self, message: str, path: tuple[str | int, ...]) -> None:
        super().__init__(message)
        self.error = GraphError(message, path=("variable", *path))


def read_request(body: bytes) -> list[Wanted] | GraphError:
    """Return what is to be done, or the first thing that is wrong."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return bad_request("json body could not be decoded")
    if not isinstance(said, dict) or not isinstance(said.get("query"), str):
        return bad_request("no operation provided")
    variables = said.get("variables") or {}
    chosen = said.get("operationName")
    if not isinstance(variables, dict) or not isinstance(chosen, str | None):
        return bad_request("json body could not be decoded")
    operations = read_document(said["query"])
    if isinstance(operations, GraphError):
        return operations
    named = [one for one in operations if not chosen or one.name == chosen]
    if len(named) != 1:
        return GraphError(f"operation {chosen or ''} not found")
    if len(named[0].fields) > FIELDS_MAX:
        return GraphError("the operation is too complex")
    root = "Mutation" if named[0].kind == "mutation" else "Query"
    if any(field.name in INTROSPECTION for field in named[0].fields):
        return FORBIDDEN
    for field in named[0].fields:
        if error := _check_field(field, root):
            return error
    try:
        return [
            Wanted(field, _input(field, named[0], variables))
            for field in named[0].fields
            if field.name != "__typename"
        ]
    except _Mismatch as mismatch:
        return mismatch.error


def shaped(fields: tuple[Field, ...], kind: str, value: object) -> object:
    """The asked fields of a value, under their aliases."""
    if isinstance(value, list):
        return [shaped(fields, kind, one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        field.alias: kind
        if field.name == "__typename"
        else shaped(field.fields, OUTPUTS[kind][field.name], value[field.name])
        for field in fields
    }


def _check_field(field: Field, parent: str) -> GraphError | None:
    if field.name == "__typename":
        return None
    kind = OUTPUTS[parent].get(field.name)
    if kind is None:
        return GraphError(f'Cannot query field "{field.name}" on type "{parent}".')
    if (kind == SCALAR) != (not field.fields):
        verb = "must not" if kind == SCALAR else "must"
        return GraphError(f'Field "{field.name}" {verb} have a selection of subfields.')
    if parent not in ("Query", "Mutation") and field.arguments:
        return GraphError(f'Unknown argument on field "{parent}.{field.name}".')
    return next((error for sub in field.fields if (error := _check_field(sub, kind))), None)


def _input(field: Field, operation: Operation, variables: dict[str, object]) -> Input:
    kind = ARGUMENTS.get(field.name)
    strange = set(field.arguments) - ({"input"} if kind else set())
    if strange:
        raise _Mismatch(f'Unknown argument "{min(strange)}" on field "{field.name}".', ())
    if kind is None:
        return {}
    if "input" not in field.arguments:
        raise _Mismatch(f'Field "{field.name}" argument "input" is required.', ("input",))
    said = field.arguments["input"]
    if isinstance(said, Variable) and said.name in operation.variables:
        written = operation.variables[said.name].rstrip("!")
        if written != kind:
            message = f'Variable "${said.name}" of type "{written}" used as "{kind}".'
            raise _Mismatch(message, (said.name,))
    fitted = _fit(_filled(said, operation, variables), f"{kind}!", ("input",))
    assert isinstance(fitted, dict), "an input type gives a mapping"
    return fitted


def _filled(said: object, operation: Operation, variables: dict[str, object]) -> object:
    """A written value with its variables in place."""
    if isinstance(said, Variable):
        if said.name not in operation.variables:
            raise _Mismatch(f'Variable "${said.name}" is not defined.', (said.name,))
        return variables.get(said.name)
    if isinstance(said, list):
        return [_filled(one, operation, variables) for one in said]
    if isinstance(said, dict):
        return {name: _filled(one, operation, variables) for name, one in said.items()}
    return said


def _fit(value: object, kind: str, path: tuple[str | int, ...]) -> object:
    """The value as this type, or a mismatch; a single value becomes a list where one is due."""
    bare = kind.removesuffix("!")
    if value is None:
        if kind != bare:
            raise _Mismatch("must be defined", path)
        return None
    if bare.startswith("["):
        items = value if isinstance(value, list) else [value]
        return [_fit(one, f"{bare[1:-1]}!", (*path, at)) for at, one in enumerate(items)]
    if bare == "Int":
        if type(value) is not int or abs(value) > INT_ABS_MAX:
            raise _Mismatch("cannot use value as Int", path)
        return value
    if bare == "String":
        if not isinstance(value, str):
            raise _Mismatch("cannot use value as String", path)
        return value
    fields = INPUTS[bare]
    if not isinstance(value, dict):
        raise _Mismatch(f"must be a {bare}", path)
    for name in value:
        if name not in fields:
            raise _Mismatch("unknown field", (*path, re.sub(r"\s+", " ", str(name))[:100]))
    return {name: _fit(value.get(name), fields[name], (*path, name)) for name in fields}
