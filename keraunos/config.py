"""Settings of the library: ``keras.config``."""

from keraunos.backend.dispatch import get_engine
from keraunos.core.dtype_policy import dtype_policy, set_dtype_policy
from keraunos.util.settings import (
    backend,
    disable_flash_attention,
    disable_interactive_logging,
    disable_traceback_filtering,
    enable_flash_attention,
    enable_interactive_logging,
    enable_traceback_filtering,
    enable_unsafe_deserialization,
    epsilon,
    floatx,
    image_data_format,
    is_flash_attention_enabled,
    is_interactive_logging_enabled,
    is_nnx_enabled,
    is_traceback_filtering_enabled,
    max_epochs,
    max_steps_per_epoch,
    set_default_backend,
    set_epsilon,
    set_floatx,
    set_image_data_format,
    set_max_epochs,
    set_max_steps_per_epoch,
)

__all__ = [
    "backend",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
]


def set_backend(backend):
    """Set the default engine, for things made from nothing, from now on: "jax", "numpy", or one that is installed.

    What exists already stays on its engine. For a block of code, use ``with keras.backend.use(name):``.

    Raises ``ValueError`` for an engine that isn't installed.

    >>> import keraunos as keras
    >>> keras.config.set_backend("numpy")
    >>> type(keras.ops.zeros((2,))).__name__
    'ndarray'
    """
    get_engine(backend)
    set_default_backend(backend)
