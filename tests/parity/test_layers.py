"""Every layer of tests/layers/cases_*.py against Keras's."""

import pytest

pytest.importorskip("keras")

from tests.layers.cases import collect
from tests.parity import layer_harness


@pytest.mark.parametrize("case", collect())
def test_layer(case):
    layer_harness.check(case)
