"""Numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.whole_number import signed_number, whole_number

MOST = 10**18


@given(st.integers(0, MOST))
def test_plain_full_width_and_with_thousands_it_is_the_same_number(number: int) -> None:
    wide = str(number).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    for written in (str(number), f"{number:,}", wide, f" {number} "):
        assert whole_number(written) == number
        assert signed_number(written) == number


@given(st.integers(-MOST, MOST))
def test_a_sign_is_taken_where_it_may_stand(number: int) -> None:
    for written in (f"{number:+}", f"{number:+,}".replace("-", "－").replace("+", "＋")):
        assert signed_number(written) == number
        assert whole_number(written) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1_0",
        "1,5",
        "1,0000",
        ",100",
        "1.5",
        "1e3",
        "0x10",
        "２²",
        "①",
        "五",
        "٣",
        "--1",
        "1" * 20,
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert whole_number(text) is None
    assert signed_number(text) is None
