"""The table of Keras's op classes against Keras."""

import importlib
import inspect

import pytest

from keraunos.saving.op_names import KERAS_OPS

keras = pytest.importorskip("keras")


def parameters(function, leave_out):
    return [p for p in inspect.signature(function).parameters if p not in leave_out]


@pytest.mark.parametrize("name", sorted(KERAS_OPS))
def test_the_class_and_its_configuration(name):
    module, class_name, keys = KERAS_OPS[name]
    cls = getattr(importlib.import_module(module), class_name)
    assert parameters(cls.__init__, ("self", "name", "kwargs")) == list(keys)
    spaces = (keras.ops, keras.ops.linalg, keras.ops.image, keras.ops.nn)
    function = next(getattr(space, name) for space in spaces if hasattr(space, name))
    arguments = parameters(cls.call, ("self", "kwargs"))
    assert arguments == [p for p in parameters(function, ("kwargs",)) if p not in keys]
