"""A bug behind a question is told to whoever asked, in a letter that side can read."""

import msgspec
import pytest

from actors.desk.desk import Desk, Incoming
from actors.wire import TO_CLIENT, TO_MALL
from engine.messages import ENCODER, Goodbye
from engine.questions import AskStatus, Denied


@pytest.mark.parametrize(
    ("letter", "decoder"),
    [(AskStatus(7), TO_CLIENT), (Goodbye(7, 1), TO_MALL)],
    ids=["operator", "mall"],
)
def test_each_side_can_read_its_refusal(
    letter: AskStatus | Goodbye, decoder: msgspec.msgpack.Decoder[object]
) -> None:
    refuse = Desk._refuse
    told = refuse(object.__new__(Desk), [Incoming(b"x", letter)], RuntimeError("broken"))
    ((receiver, refusal),) = told.letters
    assert receiver == b"x"
    assert decoder.decode(ENCODER.encode(refusal)) == refusal
    if isinstance(letter, AskStatus):
        assert isinstance(refusal, Denied)
        assert refusal.exit_code == 1
    assert [name for name, _ in told.bugs] == [type(letter).__name__]
