"""keras.config: what is set is what is read, what is wrong is refused."""

import numpy as np
import pytest

from keraunos import config, dtype_policies
from keraunos.initializers import Zeros

SETTINGS = [  # name, values to set, a refused value
    ("floatx", ["float16", "bfloat16", "float64"], "int8"),
    ("epsilon", [1e-3], "a"),
    ("image_data_format", ["channels_first", "channels_last"], "channels"),
    ("max_epochs", [3, None], None),
    ("max_steps_per_epoch", [3, None], None),
]


@pytest.mark.parametrize(("name", "values", "refused"), SETTINGS)
def test_settings(name, values, refused):
    read, write = getattr(config, name), getattr(config, f"set_{name}")
    for value in values:
        write(value)
        assert read() == value
    if refused is not None:
        with pytest.raises(ValueError):
            write(refused)
        assert read() == values[-1]


@pytest.mark.parametrize("name", ["interactive_logging", "traceback_filtering", "flash_attention"])
def test_switches(name):
    for verb, want in (("disable", False), ("enable", True)):
        getattr(config, f"{verb}_{name}")()
        assert getattr(config, f"is_{name}_enabled")() is want


def test_backend():
    config.set_backend("numpy")
    assert config.backend() == "numpy" and isinstance(Zeros()((2,)), np.ndarray)
    with pytest.raises(ValueError, match="Did you mean 'numpy'"):
        config.set_backend("numpi")
    assert config.backend() == "numpy"


def test_floatx_is_the_dtype_of_first_values():
    config.set_dtype_policy(None)
    config.set_floatx("float16")
    assert Zeros()((2,)).dtype == np.float16 and config.dtype_policy().name == "float16"


def test_dtype_policy():
    config.set_dtype_policy("mixed_bfloat16")
    policy = config.dtype_policy()
    assert (policy.name, policy.compute_dtype, policy.variable_dtype) == ("mixed_bfloat16", "bfloat16", "float32")
    assert dtype_policies.get(None) == policy == dtype_policies.deserialize(dtype_policies.serialize(policy))
    config.set_dtype_policy(None)
    assert config.dtype_policy().name == "float32"
    with pytest.raises(ValueError, match="name must be a dtype"):
        config.set_dtype_policy("mixed_float33")


def test_no_nnx():
    assert config.is_nnx_enabled() is False
