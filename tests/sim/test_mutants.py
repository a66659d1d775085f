"""A simulation that cannot fail is worthless: with one rule taken away, some seed must fail.

Each mutant is one rule of the protocol, or one promise of the desk, left out. The seeds that once
found it are tried first, so that the test is cheap; every change of the desk shuffles the runs, so
others follow. `python -m tests.sim.mutants NAME` looks for new ones.
"""

import pytest

from tests.sim.mutants import MUTANTS, Mutant, first_failure

OTHERS = range(60)

pytestmark = pytest.mark.slow


QUICK = [mutant for mutant in MUTANTS if not mutant.takes_long]


@pytest.mark.parametrize("mutant", QUICK, ids=lambda mutant: str(mutant.name))
def test_a_planted_bug_is_found(mutant: Mutant) -> None:
    others = (seed for seed in OTHERS if seed not in mutant.seeds)
    found = first_failure(mutant, (*mutant.seeds, *others))
    assert found is not None, f"no seed finds: {mutant.what}"
