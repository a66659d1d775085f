"""A command's questions about products: imports and deletes."""

import time
from collections.abc import Iterable, Iterator
from typing import Final

from actors.client_asking import ASK_AGAIN_S, Asking, Body
from actors.client_refusal import Refusal
from engine.questions import AskImport, AskStatus, DeleteSkus, StartImport

IMPORT_STILL_S: Final = 5.0
"""Without a row for so long, `import` looks whether its mall is at work."""


class Products:
    """The products of a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def imports(self, mall: str) -> Iterator[Body]:
        """`import`: opens or joins the job, then its ImportView now and again until it is done."""
        view = self._house.ask(lambda number: StartImport(number, mall, self._house.actor))
        job = int(view["job"])
        yield view
        moved_at = time.monotonic()
        while view["state"] != "done":
            self._house.rest(ASK_AGAIN_S)
            before, view = view, self._house.ask(lambda number: AskImport(number, job))
            if view["read"] != before["read"]:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > IMPORT_STILL_S:
                view["reason"] = view["reason"] or self._why_still(mall)
            yield view

    def _why_still(self, name: str) -> str:
        """Why an import does not begin; raises Refusal where it will not without an operator."""
        (mall,) = (mall for mall in self._house.ask(AskStatus)["malls"] if mall["name"] == name)
        state = mall["state"]
        if state in {"halted", "paused", "stopped"}:
            raise Refusal(
                3,
                f"{name} は連携していないため({state})、取り込みは再開後に始まります。",
                f"{name} is {state}: the import begins by itself once it runs again.",
            )
        return "" if state == "running" else f"{name}: {state}"

    def delete(self, skus: Iterable[str]) -> Body:
        """`delete`: {deleted: [...]}."""
        chosen = tuple(skus)
        return self._house.ask(lambda number: DeleteSkus(number, chosen, self._house.actor))
