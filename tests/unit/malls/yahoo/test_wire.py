"""The wire format: XML in every style Yahoo writes it, times and numbers."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malls.yahoo.wire import (
    DEPTH_MAX,
    Node,
    Unreadable,
    form,
    jst_from,
    jst_to,
    moment,
    read_xml,
    whole,
)

KEEP = frozenset({"Item", "Code", "Code2"})


@pytest.mark.parametrize(
    "body",
    [
        b"<R><Item><Code>a&amp;b</Code></Item></R>",
        b'<R xmlns="urn:yahoo:api"><Item>\n  <Code>\n a&amp;b \n</Code></Item></R>',
        b"\xef\xbb\xbf<?xml version='1.0'?><R><Item><Code><![CDATA[a&b]]></Code></Item></R>",
        b"<x:R xmlns:x='urn:y'><x:Item><x:Code>a<![CDATA[&]]>b</x:Code></x:Item></x:R>",
    ],
)
def test_one_document_in_all_its_styles_reads_the_same(body: bytes) -> None:
    root = read_xml(body, KEEP)
    item = root.first("Item")
    assert root.name == "R"
    assert item is not None
    assert item.text_of("Code") == "a&b"


def test_an_element_that_was_not_asked_for_is_dropped_with_all_below_it() -> None:
    root = read_xml(b"<R><Buyer><Item><Code>x</Code></Item></Buyer><Item/><Item/></R>", KEEP)
    assert [child.name for child in root.children] == ["Item", "Item"]
    assert "x" not in repr(root)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>502<br></body></html>",
        b"<R><Item>",
        b"{}",
        b'<!DOCTYPE R [<!ENTITY a "b">]><R>&a;</R>',
        b"<!DOCTYPE R><R/>",
        b'<?xml version="1.0" encoding="nonsense"?><R/>',
        b"<R>" + b"<Item>" * DEPTH_MAX + b"</Item>" * DEPTH_MAX + b"</R>",
    ],
)
def test_what_is_no_plain_xml_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_xml(body, KEEP)


@given(st.binary() | st.text("<>/&;!?[]\"'= RItemCode\n").map(str.encode))
def test_no_body_raises_anything_but_unreadable(body: bytes) -> None:
    root = None
    with contextlib.suppress(Unreadable):
        root = read_xml(body, KEEP)
    assert root is None or isinstance(root, Node)


def test_a_window_is_rounded_outward_in_japanese_time() -> None:
    assert jst_from(0.9) == "19700101090000"
    assert jst_to(0.1) == "19700101090001"
    assert jst_from(-5.0) == "19700101090000"


def test_times_are_read_with_their_offset_and_as_japanese_without() -> None:
    assert moment("1970-01-01T09:00:01+09:00") == 1.0
    assert moment("1970-01-01T09:00:01") == 1.0
    assert moment("") is None
    assert moment("yesterday") is None


@given(st.text(max_size=40))
def test_any_text_is_a_time_a_number_or_none(text: str) -> None:
    assert moment(text) is None or isinstance(moment(text), float)
    assert whole(text) is None or isinstance(whole(text), int)


def test_only_plain_whole_numbers_are_numbers() -> None:
    assert [whole(text) for text in ("7", "-2", "+2", "33.0", "", "７", "1_0")] == [
        7, -2, 2, None, None, None, None,
    ]  # fmt: skip


def test_a_plus_sign_leaves_a_form_encoded() -> None:
    assert form([("quantity", "+2,-1")]) == b"quantity=%2B2%2C-1"
