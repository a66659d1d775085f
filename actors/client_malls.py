"""A command's questions about malls: how they are, their control, their keys."""

from actors.client_asking import Asking, Body
from engine.questions import AskStatus, ControlMall, KeyChanged


class Malls:
    """The malls of a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def status(self) -> Body:
        """`status`: StatusView."""
        return self._house.ask(AskStatus)

    def control(self, mall: str, verb: str) -> Body:
        """`malls pause|resume|poll NAME`: StatusView."""
        return self._house.ask(lambda number: ControlMall(number, mall, verb, self._house.actor))

    def key_changed(self, mall: str) -> Body:
        """Tells the inventory that a key file was replaced."""
        return self._house.ask(lambda number: KeyChanged(number, mall))
