"""A product file put on disk and read the way `zaiko import --file` reads it."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from actors.client_files import ProductFile
from actors.client_refusal import Refusal
from engine.product_file import FileRow, RefusedRow


@dataclass
class Read:
    """A file as read."""

    encoding: str
    warnings: tuple[tuple[str, str], ...]
    has_quantity: bool
    rows: list[FileRow] = field(default_factory=list)
    problems: list[RefusedRow] = field(default_factory=list)


def read_file(
    directory: Path, kind: str, data: bytes, switches: Mapping[str, str] | None = None
) -> Read:
    """All of it."""
    path = directory / "products.txt"
    path.write_bytes(data)
    with closing(ProductFile(path, kind, switches or {})) as file:
        encoding = file.encoding.removesuffix("-sig")
        read = Read(encoding, tuple(file.warnings), file.has_quantity)
        for row in file.rows():
            if isinstance(row, FileRow):
                read.rows.append(row)
            else:
                read.problems.append(row)
    return read


def read_refused(directory: Path, kind: str, data: bytes) -> Refusal:
    """Why a file cannot be read."""
    with pytest.raises(Refusal) as caught:
        read_file(directory, kind, data)
    return caught.value
