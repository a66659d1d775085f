"""The demo's own books: what is true, what a page is behind, and what counts as applied."""

from collections import Counter

import pytest

from actors.demo_report import Report, compare, wrong_pages
from actors.demo_shop import MALLS, PAGES_LINKED, PRODUCTS, UNLINKED, Page, items_of
from actors.demo_stage import Line, Order
from actors.demo_truth import Measured, Truth

R = Page("rakuten", "tee", "")
Y = Page("yahoo", "tee", "")
COPY = Page("yahoo", "tee-gift", "tee")


def truth(total: int = 10) -> Truth:
    return Truth({"tee": total}, {R: "tee", Y: "tee", COPY: "tee"})


def test_an_order_is_shown_when_every_page_of_the_other_mall_has_it() -> None:
    books = truth()
    books.move("tee", -1, R, Measured(100.0))
    books.see(R, 9, 100.5)
    books.see(Y, 9, 101.0)
    books.see(COPY, 10, 101.0)
    assert books.lag_ms(0.5) is None
    books.see(COPY, 9, 102.0)
    assert books.lag_ms(0.5) == 2000


def test_a_copy_on_the_same_mall_is_not_waited_for() -> None:
    books = truth()
    books.move("tee", -1, Y, Measured(100.0))
    books.see(R, 9, 101.0)
    assert books.lag_ms(0.99) == 1000
    assert not books.shows_truth({R: 9, Y: 9, COPY: 10})
    assert books.shows_truth({R: 9, Y: 9, COPY: 9})


def test_of_two_orders_the_first_arrives_first() -> None:
    books = truth()
    books.move("tee", -1, Y, Measured(100.0))
    books.move("tee", -2, Y, Measured(103.0))
    books.see(R, 9, 104.0)
    assert list(books.lags_s) == [4.0]
    books.see(R, 7, 105.0)
    assert list(books.lags_s) == [4.0, 2.0]


def test_a_quantity_that_no_change_explains_says_nothing_yet() -> None:
    books = truth()
    books.move("tee", -2, Y, Measured(100.0))
    books.see(R, 9, 101.0)
    assert not books.lags_s
    books.see(R, 8, 102.0)
    assert list(books.lags_s) == [2.0]


def test_below_zero_a_page_that_shows_nothing_is_right() -> None:
    books = truth(1)
    books.move("tee", -2, Y, Measured(100.0))
    books.see(R, 0, 101.0)
    assert books.lag_ms(0.5) == 1000


PAGES = {R: "tee", Y: "tee", COPY: "tee"}
ORDERS = {
    "rakuten": [Order("r1", "new", (Line("TEE", "", 2),)), Order("r2", "cancelled",
                                                                 (Line("tee", "", 1),))],
    "yahoo": [Order("y1", "shipped", (Line("tee", "", 1), Line("tee-gift", "tee", 1)))],
}  # fmt: skip
RIGHT = {("rakuten", "r1", "tee"): 2, ("yahoo", "y1", "tee"): 2}


@pytest.mark.parametrize(
    ("counted", "told"),
    [
        (RIGHT, (4, 4, 0)),
        ({**RIGHT, ("rakuten", "r1", "tee"): 1}, (4, 3, 0)),
        ({**RIGHT, ("yahoo", "y1", "tee"): 3}, (4, 2, 2)),
        ({**RIGHT, ("rakuten", "r2", "tee"): 1}, (4, 3, 1)),
        ({**RIGHT, ("rakuten", "r9", "tee"): 1}, (4, 4, 1)),
        ({}, (4, 1, 0)),
    ],
    ids=["right", "too few", "too many", "cancelled still counted", "unheard of", "nothing"],
)
def test_lines_are_applied_when_counted_is_true(
    counted: dict[tuple[str, str, str], int], told: tuple[int, int, int]
) -> None:
    assert compare(ORDERS, PAGES, Counter(counted)) == told


def test_a_linked_page_is_wrong_when_it_does_not_show_its_offer() -> None:
    def listing(page: Page, *, is_linked: bool = True) -> dict[str, object]:
        return {"mall": page.mall, "code": page.code.upper(), "sub_code": page.sub_code,
                "linked": is_linked, "offer": 5}  # fmt: skip

    rows = [{"listings": [listing(R), listing(Y), listing(COPY, is_linked=False)]}]
    assert wrong_pages(rows, {R: 5, Y: 5, COPY: 9}) == 0
    assert wrong_pages(rows, {R: 5, Y: 4}) == 1


@pytest.mark.parametrize("wrong", [{"wrong_listings": 1}, {"applied_lines": 3},
                                   {"duplicate_lines": 1}])  # fmt: skip
def test_a_report_is_good_only_without_any_wrong(wrong: dict[str, int]) -> None:
    right = {
        "orders": 3, "order_lines": 4, "applied_lines": 4, "duplicate_lines": 0, "pushes": 1,
        "api_calls": 1, "oversold_units": 2, "wrong_listings": 0, "faults": 1,
    }  # fmt: skip
    assert Report(**right, lag_ms={}).is_good
    assert not Report(**{**right, **wrong}, lag_ms={}).is_good


def test_every_sku_has_one_page_on_each_mall_and_one_page_is_linked_to_nothing() -> None:
    skus = [sku for product in PRODUCTS for sku in product.quantities]
    assert len(skus) == len({sku.casefold() for sku in skus}) == 23
    items = sum(len(items_of(mall)) for mall in MALLS)
    assert items == PAGES_LINKED + 1
    assert UNLINKED[0] not in {item["code"] for item in items_of("rakuten")}


@pytest.mark.parametrize("mall", MALLS)
def test_a_page_names_its_sku_as_its_mall_would(mall: str) -> None:
    named = Counter(
        (
            item["code"] + item["sub_code"] if mall == "aupay" else item["sub_code"] or item["code"]
        ).casefold()
        for item in items_of(mall)
    )
    expected = Counter(sku for product in PRODUCTS for sku in product.quantities)
    if mall == "yahoo":
        expected.update(["mug", "pouch"])
    assert named == expected


def test_a_variations_axes_have_the_last_parts_of_its_code() -> None:
    of = {item["sub_code"]: item.get("axes") for item in items_of("aupay")}
    assert of["-bk-m"] == {"色": "bk", "サイズ": "m"}
    assert of["-28"] == {"サイズ": "28"}
    assert of[""] is None


def test_each_malls_own_lag_is_told_beside_the_last_ones() -> None:
    amazon = Page("amazon", "tee", "")
    books = Truth({"tee": 10}, {R: "tee", Y: "tee", amazon: "tee"})
    books.move("tee", -1, R, Measured(100.0))
    books.see(Y, 9, 101.0)
    books.see(amazon, 9, 107.0)
    assert [books.lag_ms_of(mall, 0.5) for mall in ("rakuten", "yahoo", "amazon")] == [
        None, 1000, 7000,
    ]  # fmt: skip
    assert books.lag_ms(0.5) == 7000
