"""A simulation that cannot fail is worthless: with one rule taken away, some seed must fail.

Each mutant is one rule of the protocol, or one promise of the desk, left out. The seeds are tried
from those that are known to find it, so that the test is cheap; a changed scenario may need others,
which `python -m tests.sim.mutants NAME` looks for.
"""

import pytest

from tests.sim.mutants import MUTANTS, Mutant, first_failure

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: str(mutant.name))
def test_a_planted_bug_is_found(mutant: Mutant) -> None:
    found = first_failure(mutant, mutant.seeds)
    assert found is not None, f"no seed of {mutant.seeds} finds: {mutant.what}"
