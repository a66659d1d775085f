"""`zaiko link`: which listing is which SKU."""

import typer

from terminal import link_tables, rule_commands, set_commands, sheet_commands
from terminal.asking import SETTINGS, Code, Mall, Name, Sku, SubCode, answer

link_app = typer.Typer(help="Which listing is which SKU (紐づけ).", **SETTINGS)
link_app.add_typer(set_commands.sets_app, name="sets")
link_app.add_typer(rule_commands.rules_app, name="rules")
link_app.command("set")(set_commands.link_set)
link_app.command("import")(sheet_commands.link_import)


@link_app.command("auto")
def link_auto(mall: Mall = None) -> None:
    """Link what the rules and codes match (自動紐づけ)."""
    answer(lambda house: house.links.auto(mall), link_tables.linked)


@link_app.command("add")
def link_add(sku: Sku, name: Name, code: Code, sub_code: SubCode = "") -> None:
    """Link a listing to a SKU (紐づけ)."""
    answer(lambda house: house.links.add(sku, name, code, sub_code), link_tables.linked)


@link_app.command("remove")
def link_remove(sku: Sku, name: Name, code: Code, sub_code: SubCode = "") -> None:
    """End a link (紐づけ解除)."""
    answer(lambda house: house.links.remove(sku, name, code, sub_code), link_tables.unlinked)


@link_app.command("conflicts")
def link_conflicts() -> None:
    """Listings that several SKUs claim (複数の商品が紐づいています)."""
    answer(lambda house: house.links.conflicts(), link_tables.conflicts)
