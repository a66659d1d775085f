"""What a seed stands for: malls and their habits, SKUs and listings, and which faults may come.

Every habit of a mall lies within the bounds its settings name, and every `known` in the settings is
true of it. Each class of faults is on or off for a whole run, so that some runs have one alone.
"""

import random
from typing import Literal

from msgspec import Struct

from config.settings import MallSettings
from engine.connector import Card, CredentialField, WriteKind

BelowZero = Literal["refuses", "clamps", "negative"]

EPS_S = 2.0
CLOCK_ERROR_S = 0.35
"""How far an actor's idea of its mall's clock may be off."""
STAMP_ERROR_S = 0.5
"""Distance of an order's stamp from the moment its units left."""

FAULTS = (
    "calls", "bulk", "outages", "keys", "desk", "actors", "bus", "poison", "late_orders", "items",
    "edits", "hands", "operator", "links", "touches", "uncounted",
)  # fmt: skip
"""Classes of trouble."""
RARE_FAULTS = ("overdue", "splits", "grace", "deletes")
"""More of them, for fleets: what breaks a mall's promise, and what seldom happens."""


class MallPlan(Struct, frozen=True, kw_only=True):
    """One mall: what zaiko is told of it, and how it really is."""

    settings: MallSettings
    card: Card
    is_base: bool
    starts_after_s: float
    """Its actor comes up later."""
    offset_s: float
    """Its clock minus true time."""
    latency_s_max: float
    """One way of a call that is not slow."""
    below_zero: str
    """What it does, whatever the settings know."""
    answers_quantity: bool
    bulk: str
    """rows | named | unnamed: how a batch with a bad row fails."""
    is_atomic: bool
    """A batch that fails leaves no row done."""
    restocks: str
    """yes | no | mixed."""
    tells_restocks: bool
    tells_original: bool
    tells_changed_at: bool
    tells_marks: bool
    page_size: int
    shoppers_per_s: float
    stale_s: float = 0.0
    """How old a read may truly be."""
    live_s: float = 0.0
    """How long an accepted write may truly take until it is live."""
    lag_s_min: float = 0.0
    """No order is readable earlier after its placing or change."""
    splits: bool = False
    """Its staff can split orders, and a child names its parent."""
    key_grace_s: float = 0.0
    """A new key may be refused for so long after its issue."""

    @property
    def lag_s(self) -> float:
        """The bound on an order's lag, wall seconds."""
        return self.settings.bounds.lag_s

    @property
    def late_s(self) -> float:
        """The bound on a timed-out write, wall seconds."""
        return self.settings.bounds.late_s


class ListingPlan(Struct, frozen=True, kw_only=True):
    """One listing and how it comes to be linked."""

    mall: int
    code: str
    sku_code: str
    """What the import tells; "" keeps it from linking by itself."""
    quantity: int
    links: tuple[tuple[str, int], ...] = ()
    """(SKU, units) written past the letters: bundles, and several units of one SKU."""
    link_at_s: float | None = None
    """When those are written, or when an operator links it by a letter."""


class Scenario(Struct, frozen=True, kw_only=True):
    """Everything that is fixed before the first step."""

    seed: int
    malls: tuple[MallPlan, ...]
    skus: tuple[str, ...]
    listings: tuple[ListingPlan, ...]
    faults: frozenset[str]
    chaos_s: float
    """How long faults and orders go on."""
    import_at_s: tuple[float, ...]
    """Per mall."""
    batch_max: int
    """Letters of one transaction."""
    pace: float = 1.0
    """Everything people do and every pulse of the house is this many times slower."""
    calm_s_max: float = 1_500.0
    """Within this virtual time after the last fault everything must have converged."""


def draw(seed: int) -> Scenario:
    """The scenario of a seed."""
    rng = random.Random(seed)
    count = rng.choice((2, 2, 3, 3, 4))
    base = rng.randrange(count)
    share = rng.choice((0.0, 0.3, 0.6, 0.9))
    faults = frozenset(name for name in FAULTS if rng.random() < share)
    malls = tuple(_mall(rng, place, is_base=place == base) for place in range(count))
    skus = tuple(f"sku-{place}" for place in range(rng.randint(3, 8)))
    listings = tuple(draw_listings(rng, malls, skus))
    return Scenario(
        seed=seed,
        malls=malls,
        skus=skus,
        listings=listings,
        faults=faults,
        chaos_s=rng.choice((150.0, 250.0, 400.0)),
        import_at_s=tuple(
            2.0 if mall.is_base else rng.choice((1.0, 3.0, 30.0, 80.0)) for mall in malls
        ),
        batch_max=rng.choice((1, 1, 3, 20)),
    )


def _mall(rng: random.Random, place: int, *, is_base: bool) -> MallPlan:
    write_kind = rng.choice(
        (WriteKind.RELATIVE, WriteKind.RELATIVE, WriteKind.GUARDED, WriteKind.ANCHORED)
    )
    is_anchored = write_kind is WriteKind.ANCHORED
    live_s, stale_s = rng.choice(((0.0, 0.0), (8.0, 0.0), (0.0, 8.0), (8.0, 10.0)))
    restocks = rng.choice(("yes", "no", "mixed", "mixed"))
    below_zero: BelowZero = rng.choice(("refuses", "refuses", "clamps", "negative"))
    is_told = rng.random() < 0.6
    http_timeout_s = rng.choice((3.0, 6.0))
    card = Card(
        kind="rakuten",
        title="pretend",
        write_kind=write_kind,
        push_rows_max=rng.choice((1, 3, 10)) if not is_anchored else 1,
        read_rows_max=rng.choice((1, 4, 20)),
        fetch_orders_max=rng.choice((1, 5, 20)),
        fetch_is_bulk=True,
        order_window_days_max=60.0,
        rates=(),
        credential_fields=(CredentialField("key", "キー", "key"),),
        base_url="",
        order_conditions="",
        order_conditions_en="",
        key_renewal="",
        key_renewal_en="",
        stamp_resolution_s=rng.choice((1.0, 1.0, 20.0)),
        below_zero=below_zero if is_told else "unknown",
        stale_s=stale_s if is_anchored else 0.0,
        live_s=live_s if is_anchored else 0.0,
    )
    settings = MallSettings(
        name=f"{write_kind.value[:3]}-{place}",
        kind="rakuten",
        poll_interval_s=rng.choice((5.0, 10.0, 25.0)),
        compare_interval_s=rng.choice((60.0, 150.0)),
        reread_interval_s=rng.choice((30.0, 90.0)),
        http_timeout_s=http_timeout_s,
        on_difference=rng.choice(("report", "repair")),
        on_first_difference=rng.choice(("push", "push", "push", "report")),
        restock=rng.choice(("auto", "auto", "auto", "never")),
        mall_restocks="unknown"
        if restocks == "mixed" or rng.random() < 0.5
        else ("yes" if restocks == "yes" else "no"),
        buffer=rng.choice((0, 0, 0, 1)),
        cap=rng.choice((None, None, 5)),
        park_block_s=rng.choice((30.0, 80.0)),
        refuse_margin=rng.choice((0, 5)),
        lag_s=rng.choice((2.0, 6.0, 12.0)),
        late_s=http_timeout_s + rng.choice((4.0, 15.0)),
        eps_s=EPS_S,
        below_zero=below_zero if is_told else "unknown",
    )
    return MallPlan(
        settings=settings,
        card=card,
        is_base=is_base,
        starts_after_s=rng.choice((0.0, 0.0, 0.0, 40.0)),
        offset_s=rng.choice((0.0, 0.3, -20.0, 45.0)),
        latency_s_max=rng.choice((0.1, 0.6)),
        below_zero=below_zero,
        answers_quantity=rng.random() < 0.5,
        bulk=rng.choice(("rows", "named", "unnamed")),
        is_atomic=rng.random() < 0.5,
        restocks=restocks,
        tells_restocks=rng.random() < 0.3,
        tells_original=rng.random() < 0.5,
        tells_changed_at=rng.random() < 0.4,
        tells_marks=rng.random() < 0.8,
        page_size=rng.choice((2, 5, 50)),
        shoppers_per_s=rng.choice((0.03, 0.08, 0.2)),
        stale_s=card.stale_s,
        live_s=card.live_s,
    )


def draw_listings(
    rng: random.Random, malls: tuple[MallPlan, ...], skus: tuple[str, ...]
) -> list[ListingPlan]:
    """Every SKU at nearly every mall, some linked late, and up to three bundles."""
    found: list[ListingPlan] = []
    for sku in skus:
        stock = rng.choice((0, 1, 2, 2, 3, 6, 12))
        for place, mall in enumerate(malls):
            if mall.is_base:
                found.append(ListingPlan(mall=place, code=sku, sku_code=sku, quantity=stock))
                continue
            if rng.random() < 0.15:
                continue
            quantity = stock if rng.random() < 0.7 else rng.randint(0, 8)
            late = rng.random() < 0.2
            found.append(
                ListingPlan(
                    mall=place,
                    code=f"{sku}-at-{place}",
                    sku_code="" if late else sku.upper(),
                    quantity=quantity,
                    link_at_s=rng.uniform(20.0, 160.0) if late else None,
                    links=((sku, 1),) if late else (),
                )
            )
    for number in range(rng.randint(0, 3)):
        place = rng.randrange(len(malls))
        first, second = rng.sample(skus, 2)
        links = rng.choice((((first, 2),), ((first, 1), (second, 1)), ((first, 1), (second, 2))))
        found.append(
            ListingPlan(
                mall=place,
                code=f"set-{number}",
                sku_code="",
                quantity=rng.randint(0, 4),
                links=links,
                link_at_s=rng.uniform(15.0, 120.0),
            )
        )
    return found
