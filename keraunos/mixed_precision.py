"""Keras's older names for dtype policies."""

from keraunos.core.dtype_policy import DTypePolicy, dtype_policy, set_dtype_policy
from keraunos.core.dtype_policy import DTypePolicy as Policy
from keraunos.core.dtype_policy import dtype_policy as global_policy
from keraunos.core.dtype_policy import set_dtype_policy as set_global_policy
from keraunos.optimizers.loss_scale_optimizer import LossScaleOptimizer

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]
