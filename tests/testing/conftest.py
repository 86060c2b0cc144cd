"""Which tests of the suite wait for `make test-all`: on JAX each compiles a program, and tests/ops runs most of these functions anyway."""

import pytest

FEW = ("exp", "relu", "softmax", "matmul", "mean", "conv", "max_pool", "take", "concatenate", "where", "scan", "inv")
LONG_DRAWS = ("gamma", "beta", "binomial")


def pytest_collection_modifyitems(items):
    for item in items:
        if "TestJax" not in item.nodeid or "[" not in item.name:
            continue
        name, case = item.name.removesuffix("]").split("[", 1)
        if (name == "test_compiled_with_its_gradient" and case not in FEW) or case in LONG_DRAWS:
            item.add_marker(pytest.mark.slow)
