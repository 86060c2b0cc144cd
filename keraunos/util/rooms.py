"""Which rooms define the classes of which public module: they are imported when a configuration names one of them."""

import importlib

from keraunos.util import registry

_ROOMS = {
    "keras": ("keraunos.models", "keraunos.core.dtype_policy"),
    "keras.activations": ("keraunos.activations",),
    "keras.callbacks": ("keraunos.callbacks",),
    "keras.constraints": ("keraunos.constraints",),
    "keras.dtype_policies": ("keraunos.core.dtype_policy",),
    "keras.initializers": ("keraunos.initializers",),
    "keras.layers": ("keraunos.layers",),
    "keras.losses": ("keraunos.losses",),
    "keras.metrics": ("keraunos.metrics",),
    "keras.ops": ("keraunos.saving.recorded_ops",),
    "keras.optimizers": ("keraunos.optimizers",),
    "keras.optimizers.schedules": ("keraunos.optimizers",),
    "keras.programs": ("keraunos.programs",),
    "keras.random": ("keraunos.random",),
    "keras.regularizers": ("keraunos.regularizers",),
}


def register():
    """Tell the registry how to load each room. The names are fixed here: no file can add one."""
    for module, rooms in _ROOMS.items():
        registry.set_loader(module, lambda rooms=rooms: [importlib.import_module(room) for room in rooms])
