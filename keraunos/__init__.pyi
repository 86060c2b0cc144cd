from . import (
    activations,
    backend,
    callbacks,
    config,
    constraints,
    dtype_policies,
    initializers,
    layers,
    losses,
    metrics,
    mixed_precision,
    models,
    ops,
    optimizers,
    programs,
    random,
    regularizers,
    saving,
    testing,
    tree,
    utils,
)
from .backend.device import device
from .core.dtype_policy import DTypePolicy, FloatDTypePolicy
from .core.graph import Function
from .core.scope import name_scope
from .core.stateless import StatelessScope, SymbolicScope
from .core.variable import Variable
from .initializers import Initializer
from .layers.foreign import as_torch_module
from .layers.input_layer import Input
from .layers.input_spec import InputSpec
from .layers.layer import Layer
from .losses import Loss
from .metrics import Metric
from .models import Model, Sequential
from .ops.symbolic import KerasTensor, Operation
from .optimizers import Optimizer
from .regularizers import Regularizer
from .release import __version__, version
from .train.compiled import jit
from .train.gradients import grad, value_and_grad
from .train.transformations import checkpoint, vmap

__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "Function",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Operation",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "StatelessScope",
    "SymbolicScope",
    "Variable",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "checkpoint",
    "config",
    "constraints",
    "as_torch_module",
    "device",
    "dtype_policies",
    "grad",
    "initializers",
    "jit",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "name_scope",
    "ops",
    "optimizers",
    "programs",
    "random",
    "regularizers",
    "saving",
    "testing",
    "tree",
    "utils",
    "value_and_grad",
    "version",
    "vmap",
]
