"""The house rules as functions: each reads one module and yields what it has against it.

They are pure, so that each is tried on small made-up modules before it judges the real tree.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from msgspec import Struct

MODULE_LINES_MAX: Final = 500
FUNCTION_LINES_MAX: Final = 70
POSITIONAL_MAX: Final = 6

NAMELESS: Final = frozenset("util utils helper helpers common misc manager managers base2".split())
"""Names that say nothing about what lives in a module."""

PURE_STDLIB: Final = frozenset(
    "abc base64 bisect collections copy csv dataclasses datetime decimal enum fractions functools"
    " hashlib heapq hmac itertools json math operator re statistics string types typing"
    " unicodedata zoneinfo __future__".split()
)
"""What of the standard library a pure module may import: nothing that touches the world."""

WORLDLY_CALLS: Final = frozenset(
    "open print input exec eval __import__ datetime.now datetime.utcnow datetime.today date.today"
    " datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today"
    " datetime.date.today".split()
)
"""Calls that read a clock or touch the world although their module may be imported."""

ARROWS: Final = {
    "engine": ("engine",),
    "config": ("config", "engine"),
    "malls": ("malls", "engine"),
    "actors": ("actors", "engine", "config", "malls"),
    "sandbox": ("sandbox",),
    "terminal": ("terminal", "engine.whole_number"),
    "cli": ("config", "actors.client", "terminal", "engine.whole_number"),
}
"""Which of our rooms each room may import."""

COMMANDS: Final = ("cli.py", "terminal/asking.py", "terminal/*_commands.py")
"""The modules that hold commands: of the command line, only they ask the house."""

ONE_HOME: Final = {
    "zmq": ("actors/wire.py", "tests/", "bench/"),
    "sqlalchemy": ("actors/store/", "tests/", "bench/"),
    "alembic": ("actors/store/", "tests/"),
    "sqlite3": ("actors/store/", "tests/", "bench/"),
    "apprise": ("actors/channel_post.py",),
    "httpx": ("actors/mall_http.py", "actors/demo", "tests/", "bench/"),
}
"""Libraries that are imported in one place. Tests stand outside of the house; benchmarks measure
the bare library beside it; the demo speaks to the sandboxes' side door, which is no mall."""


class Module(Struct, frozen=True):
    """One Python file as the rules see it."""

    path: str
    """From the top of the checkout, with slashes."""
    text: str
    """Its source."""

    @property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        """The top folder, or the name of a top module."""
        return self.path.split("/")[0].removesuffix(".py")

    @property
    def is_product(self) -> bool:
        """Whether it ships."""
        return self.room in ARROWS

    @property
    def is_command(self) -> bool:
        """Whether it holds commands, and may ask the house for them."""
        return any(PurePosixPath(self.path).match(pattern) for pattern in COMMANDS)


def imports_of(module: Module) -> Iterator[tuple[str, int]]:
    """Every imported module by its full name, with the line; `from a import b` is `a.b`."""
    package = PurePosixPath(module.path).parent.parts
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, node.module) if node.module else above)
            for alias in node.names:
                yield f"{base}.{alias.name}", node.lineno


def wrong_arrows(module: Module) -> Iterator[str]:
    """Imports of our own rooms that the design does not draw."""
    if module.room not in ARROWS:
        return
    own_mall = module.path.split("/")[1] if module.path.count("/") > 1 else ""
    for name, line in imports_of(module):
        top = name.split(".")[0]
        if top not in ARROWS:
            continue
        allowed: Iterable[str] = ARROWS[module.room]
        if module.room == "malls" and own_mall:
            allowed = ("engine", f"malls.{own_mall}")
        elif module.is_command:
            allowed = ARROWS["cli"]
        elif module.room == "actors" and top == "malls":
            allowed = ("malls.registry",)
        if not any(name == arrow or name.startswith(f"{arrow}.") for arrow in allowed):
            yield f"{module.path}:{line}: imports {name}"


def homeless_imports(module: Module) -> Iterator[str]:
    """Libraries that have one home and are imported elsewhere."""
    for name, line in imports_of(module):
        homes = ONE_HOME.get(name.split(".")[0])
        if homes and not module.path.startswith(homes):
            yield f"{module.path}:{line}: imports {name}; its home is {homes[0]}"


def impurities(module: Module) -> Iterator[str]:
    """What a module of the engine must not do: import, read or wait for the world."""
    if module.room != "engine":
        return
    for name, line in imports_of(module):
        top = name.split(".")[0]
        if top not in PURE_STDLIB and top not in {"msgspec", "engine"}:
            yield f"{module.path}:{line}: imports {name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in WORLDLY_CALLS:
            yield f"{module.path}:{node.lineno}: calls {ast.unparse(node.func)}"
        elif isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield f"{module.path}:{node.lineno}: waits"


def oversizes(module: Module) -> Iterator[str]:
    """Modules, functions and parameter lists past their size."""
    lines = module.text.count("\n")
    if module.is_product and lines > MODULE_LINES_MAX:
        yield f"{module.path}: {lines} lines"
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if module.is_product and length > FUNCTION_LINES_MAX:
            yield f"{module.path}:{node.lineno}: {node.name} has {length} lines"
        positional = [*node.args.posonlyargs, *node.args.args]
        if positional and positional[0].arg in {"self", "cls"}:
            positional = positional[1:]
        # Typer makes options of a command's parameters: the command line names them.
        if module.is_product and not module.is_command and len(positional) > POSITIONAL_MAX:
            yield f"{module.path}:{node.lineno}: {node.name} takes {len(positional)} parameters"


def nameless(module: Module) -> Iterator[str]:
    """Files and folders whose name says nothing."""
    for part in PurePosixPath(module.path).with_suffix("").parts:
        if part.strip("_") in NAMELESS:
            yield f"{module.path}: {part} says nothing"


def undescribed(module: Module) -> Iterator[str]:
    """Modules, and public functions and classes of the product, without a docstring."""
    tree = module.tree
    if tree.body and ast.get_docstring(tree) is None:
        yield f"{module.path}: the module is not described"
    if not tree.body and module.is_product:
        yield f"{module.path}: the module is not described"
    if not module.is_product:
        return
    for node in tree.body:
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and ast.get_docstring(node) is None
        ):
            yield f"{module.path}:{node.lineno}: {node.name} is not described"


def undescribed_fields(module: Module) -> Iterator[str]:
    """Settings without a line of their own below them."""
    for struct in ast.walk(module.tree):
        if not isinstance(struct, ast.ClassDef):
            continue
        for node, after in zip(struct.body, [*struct.body[1:], None], strict=True):
            is_told = (
                isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
                and isinstance(after.value.value, str)
            )
            if isinstance(node, ast.AnnAssign) and not is_told:
                yield f"{module.path}:{node.lineno}: {ast.unparse(node.target)} is not described"


def limits_of(module: Module) -> Iterator[str]:
    """Names of the numeric constants that are limits: NAME_MAX, at the top of a module."""
    for node in module.tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        target = node.target if isinstance(node, ast.AnnAssign) else target
        if isinstance(target, ast.Name) and target.id.isupper() and target.id.endswith("_MAX"):
            yield target.id
