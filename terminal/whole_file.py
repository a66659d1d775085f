"""A file that a command writes: there whole, or not at all with the old one untouched.

It is written beside its place and moved there when it is whole.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from terminal.usage import UsageRefused


@contextmanager
def whole_file(target: Path, encoding: str = "utf-8-sig") -> Iterator[TextIO]:
    """Opens it for one block; whatever the block raises leaves the old file. UsageRefused where
    it cannot be written.
    """
    made = None
    try:
        if target.exists() and not target.is_file():
            # A device or a folder: moving a file there would put it out of the world.
            raise UsageRefused(
                f"{target} is no file; name one.", f"{target} はファイルではありません。"
            )
        number, made = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(number, "w", encoding=encoding, newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(made).chmod(0o644)
        Path(made).replace(target)
        made = None
    except OSError as error:
        raise UsageRefused(
            f"{target} cannot be written ({error.strerror}): look at its folder and free space.",
            f"{target} に書けません({error.strerror})。場所と空き容量を確かめてください。",
        ) from None
    finally:
        if made is not None:
            Path(made).unlink(missing_ok=True)
