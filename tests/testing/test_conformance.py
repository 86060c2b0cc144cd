"""The engines of keraunos pass the suite that engines of other packages have to pass."""

import importlib.util

import pytest

from keraunos.testing import EngineConformance


class TestJax(EngineConformance):
    engine_name = "jax"


class TestNumpy(EngineConformance):
    engine_name = "numpy"


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed")
class TestTorch(EngineConformance):
    engine_name = "torch"
