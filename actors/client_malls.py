"""A command's questions about malls: how they are, their control, their keys."""

from actors.client_asking import Asking, Body
from actors.client_refusal import Refusal
from engine.questions import AskMalls, AskStatus, ControlMall, KeyChanged


class Malls:
    """The malls of a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def status(self) -> Body:
        """`status`: StatusView."""
        return self._house.ask(AskStatus)

    def list(self) -> Body:
        """`malls list`: MallDetails."""
        return self._house.ask(AskMalls)

    def show(self, mall: str) -> Body:
        """`malls show NAME`: one MallDetail; raises Refusal."""
        rows = self._house.ask(AskMalls)
        found = next((row for row in rows if row["name"] == mall), None)
        if found is None:
            names = ", ".join(row["name"] for row in rows)
            raise Refusal(
                2,
                f"モール {mall} は設定にありません(設定済み: {names})。",
                f"There is no mall named {mall} in the settings; there are: {names}.",
            )
        return found

    def control(self, mall: str, verb: str) -> Body:
        """`malls pause|resume|poll NAME`: StatusView."""
        return self._house.ask(lambda number: ControlMall(number, mall, verb, self._house.actor))

    def key_changed(self, mall: str) -> Body:
        """Tells the inventory that a key file was replaced."""
        return self._house.ask(lambda number: KeyChanged(number, mall))
