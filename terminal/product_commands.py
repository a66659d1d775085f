"""`zaiko import` and `zaiko delete`."""

from typing import Annotated

import typer

from actors import client
from terminal import product_tables, progress, usage
from terminal.asking import ASKED, Name, NoWait, answer, show


def import_(
    name: Name,
    no_wait: NoWait = False,
    file: Annotated[str | None, typer.Option("--file", hidden=True)] = None,
) -> None:
    """Read a mall's products in (商品の取り込み)."""
    if file is not None:
        raise usage.not_yet("import --file")
    with client.open_house(ASKED.config) as house:
        views = house.products.imports(name)
        view = next(views) if no_wait else progress.follow_import(views)
        show(view, product_tables.import_done)


def delete(skus: Annotated[list[str], typer.Argument(metavar="SKU...")]) -> None:
    """Delete SKUs here, never at a mall (商品の削除)."""
    answer(lambda house: house.products.delete(skus), product_tables.deleted)
