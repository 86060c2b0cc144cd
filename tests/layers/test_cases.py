"""What every layer must do, for every layer of cases_*.py."""

import pytest

from tests.layers import harness
from tests.layers.cases import collect


@pytest.mark.parametrize("case", collect())
def test_layer(case):
    harness.check(case)
