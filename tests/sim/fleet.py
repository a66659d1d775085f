"""Scenarios of mixed fleets: one mall of each of the five kinds, each with that kind's own card.

What zaiko is told is the real thing: the card that the account's switches make, the default bounds
of the settings, and a `speed` that divides what a mall owns, as for a sandbox. Some seeds run at
speed 1, with the true minutes. How a mall really behaves is that kind's known habit, and where
nobody knows (a (?) in the specifications) the seed decides.
"""

import random
from typing import Any, Final

from config.settings import LAG_S, LAG_S_OF_KIND, LATE_AFTER_TIMEOUT_S, MallSettings
from malls.amazon.card import VISIBLE_AFTER_S
from malls.aupay.card import STALE_S
from malls.registry import KINDS, card_of
from tests.sim.scenario import FAULTS, RARE_FAULTS, ListingPlan, MallPlan, Scenario, draw_listings

FLEET_SEED: Final = 1_000_003
"""Keeps a fleet's draws apart from those of the plain scenario with the same seed."""
REAL_PACE: Final = 8.0
"""How much slower people are where a minute is a minute."""


def draw_fleet(seed: int) -> Scenario:
    """The fleet of a seed."""
    rng = random.Random(seed * FLEET_SEED)
    speed = rng.choice((60.0, 60.0, 60.0, 20.0, 20.0, 1.0))
    pace = REAL_PACE if speed == 1 else 1.0
    kinds = list(KINDS)
    rng.shuffle(kinds)
    base = rng.choice((0, 0, kinds.index("rakuten")))
    share = rng.choice((0.0, 0.3, 0.6, 0.9))
    faults = frozenset(name for name in FAULTS if rng.random() < share) | _rare(seed, share)
    malls = tuple(
        _mall(rng, kind, speed, is_base=place == base) for place, kind in enumerate(kinds)
    )
    skus = tuple(f"sku-{place}" for place in range(rng.randint(2, 5)))
    listings = draw_listings(rng, malls, skus)
    for place in set(range(len(malls))) - {listing.mall for listing in listings}:
        listings.append(ListingPlan(mall=place, code=skus[0], sku_code=skus[0], quantity=1))
    return Scenario(
        seed=seed,
        malls=malls,
        skus=skus,
        listings=tuple(listings),
        faults=faults,
        chaos_s=rng.choice((150.0, 250.0)) * pace,
        import_at_s=tuple(
            2.0 if mall.is_base else rng.choice((1.0, 3.0, 30.0, 80.0)) for mall in malls
        ),
        batch_max=rng.choice((1, 3, 20)),
        pace=pace,
        calm_s_max=1_500.0 if speed >= 20 else 15_000.0,
    )


def _rare(seed: int, share: float) -> frozenset[str]:
    """Drawn apart, so that one more of them leaves every fleet as it was."""
    rng = random.Random(seed * FLEET_SEED + 1)
    return frozenset(name for name in RARE_FAULTS if rng.random() < share)


def _mall(rng: random.Random, kind: str, speed: float, *, is_base: bool) -> MallPlan:
    settings = _settings(rng, kind, speed)
    card = card_of(kind, settings.switches)
    is_stale = kind == "amazon" or settings.reads == "stale"
    restocks = rng.choice(("yes", "no", "mixed"))
    is_real = speed == 1
    return MallPlan(
        settings=settings,
        card=card,
        is_base=is_base,
        starts_after_s=rng.choice((0.0, 0.0, 0.0, 40.0)),
        offset_s=rng.choice((0.0, 0.3, -20.0, 45.0)),
        latency_s_max=rng.choice((0.1, 0.6)),
        below_zero=_below_zero(rng, kind, settings),
        answers_quantity=kind == "yahoo" and rng.random() < 0.5,
        bulk=_bulk(rng, kind),
        is_atomic=settings.bulk_is_atomic or rng.random() < 0.5,
        restocks=restocks,
        # No mall that splits orders tells of a line whether it restocks.
        tells_restocks=kind != "yahoo" and rng.random() < 0.3,
        tells_original=rng.random() < 0.5,
        tells_changed_at=rng.random() < 0.4,
        tells_marks=kind == "amazon" or rng.random() < 0.8,
        page_size=rng.choice((2, 5, 50)),
        shoppers_per_s=rng.choice((0.03, 0.08)) / (REAL_PACE if is_real else 1.0),
        stale_s=STALE_S / speed if is_stale else 0.0,
        live_s=STALE_S / speed if is_stale else 0.0,
        splits=kind == "yahoo",
        key_grace_s=settings.bounds.key_grace_s if kind == "rakuten" else 0.0,
        lag_s_min=VISIBLE_AFTER_S / speed if kind == "amazon" else 0.0,
    )


def _settings(rng: random.Random, kind: str, speed: float) -> MallSettings:
    """What the operator wrote: the default bounds, this kind's switches."""
    is_real = speed == 1
    http_timeout_s = 10.0 if is_real else rng.choice((3.0, 6.0))
    return MallSettings(
        name=kind,
        kind=kind,  # type: ignore[arg-type]
        speed=speed,
        poll_interval_s=rng.choice((60.0, 180.0) if is_real else (3.0, 5.0, 10.0)),
        compare_interval_s=900.0 if is_real else rng.choice((60.0, 150.0)),
        reread_interval_s=900.0 if is_real else rng.choice((30.0, 90.0)),
        http_timeout_s=http_timeout_s,
        on_difference=rng.choice(("report", "repair")),
        on_first_difference=rng.choice(("push", "push", "push", "report")),
        restock=rng.choice(("auto", "auto", "auto", "never")),
        buffer=rng.choice((0, 0, 0, 1)),
        cap=rng.choice((None, None, 5)),
        park_block_s=900.0 if is_real else rng.choice((30.0, 80.0)),
        lag_s=LAG_S_OF_KIND.get(kind, LAG_S),
        late_s=http_timeout_s + LATE_AFTER_TIMEOUT_S,
        **_switches(rng, kind),
    )


def _switches(rng: random.Random, kind: str) -> dict[str, Any]:
    match kind:
        case "rakuten":
            return {"bulk_is_atomic": rng.random() < 0.3}
        case "yahoo":
            return {"below_zero": rng.choice(("unknown", "clamps"))}
        case "aupay":
            return {"reads": rng.choice(("live", "live", "stale"))}
        case "makeshop":
            return {
                "quantity_mode": rng.choice(("absolute", "relative")),
                "below_zero": rng.choice(("unknown", "refuses", "clamps", "negative")),
            }
        case _:
            return {"orders_api": rng.choice(("2026-01-01", "v0"))}


def _below_zero(rng: random.Random, kind: str, settings: MallSettings) -> str:
    """What the mall does; where the settings say something, it is true."""
    if kind == "yahoo":
        return "clamps"
    if kind == "makeshop" and settings.below_zero == "unknown":
        return rng.choice(("refuses", "clamps", "negative"))
    return "refuses" if settings.below_zero == "unknown" else settings.below_zero


def _bulk(rng: random.Random, kind: str) -> str:
    """How a batch with a bad row fails."""
    if kind == "rakuten":
        return rng.choice(("named", "unnamed"))
    return rng.choice(("rows", "named", "unnamed")) if kind == "makeshop" else "rows"
