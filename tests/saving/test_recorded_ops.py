"""Recorded ops in configurations: static parameters in the op, arrays in its node; every op comes back."""

import json

import numpy as np
import pytest

from keraunos import KerasTensor, ops
from keraunos.ops.op import OPS
from keraunos.saving.op_names import KERAS_OPS, keras_class, op_name
from keraunos.saving.recorded_ops import call_arguments, operation_config, operation_from_config

X, Y, IMAGES = KerasTensor((None, 4, 3)), KerasTensor((None, 4, 3)), KerasTensor((None, 8, 8, 3))

CALLS = [
    # recorded call, class, configuration without the name, number of arguments in the node
    (lambda: X + 1, "Add", {}, 2),
    (lambda: 1 - X, "Subtract", {}, 2),
    (lambda: ops.exp(X), "Exp", {}, 1),
    (lambda: X[:, 1:, 0], "GetItem", {}, 2),
    (lambda: ops.sum(X, axis=(1, 2), keepdims=True), "Sum", {"axis": [1, 2], "keepdims": True}, 1),
    (lambda: ops.concatenate([X, Y], axis=-1), "Concatenate", {"axis": -1}, 1),
    (lambda: ops.reshape(X, (-1, 12)), "Reshape", {"newshape": [-1, 12]}, 1),
    (lambda: ops.einsum("bij,bkj->bik", X, Y), "Einsum", {"subscripts": "bij,bkj->bik"}, 2),
    (lambda: ops.where(X > 0, X, Y), "Where", {}, 3),
    (lambda: ops.cast(X, "int32"), "Cast", {"dtype": "int32"}, 1),
    (
        lambda: ops.one_hot(ops.cast(X, "int32"), 3),
        "OneHot",
        {"num_classes": 3, "axis": -1, "dtype": None, "sparse": False},
        1,
    ),
    (lambda: ops.split(X, 2, axis=1)[1], "Split", {"indices_or_sections": 2, "axis": 1}, 1),
    (lambda: ops.top_k(X, 2)[0], "TopK", {"k": 2, "sorted": True}, 1),
    (lambda: X + np.ones(3, "float32"), "Add", {}, 2),
    (lambda: ops.layer_normalization(X), "LayerNorm", {"axis": -1, "epsilon": None, "rms_scaling": False}, 3),
    (
        lambda: ops.pad(X, ((0, 0), (1, 1), (0, 0))),
        "Pad",
        {"pad_width": [[0, 0], [1, 1], [0, 0]], "mode": "constant"},
        2,
    ),
]


@pytest.mark.parametrize(
    ("call", "class_name", "statics", "count"), CALLS, ids=[c[1] + str(i) for i, c in enumerate(CALLS)]
)
def test_there_and_back(call, class_name, statics, count):
    made = call()
    operation = made.node.operation
    config = json.loads(json.dumps(operation_config(operation)))
    assert config["class_name"] == config["registered_name"] == class_name
    assert config["module"].startswith("keras.src.ops.")
    found = config["config"]
    if class_name == "OneHot":
        found["dtype"] = None
    assert found == {"name": operation.name, **statics}
    args, kwargs = call_arguments(made.node)
    assert len(args) == count and not kwargs
    again = operation_from_config(config)(*args)
    again = again[made.index] if isinstance(again, (list, tuple)) else again
    assert again.shape == made.shape and again.node.operation.name == operation.name
    if class_name != "OneHot":
        assert again.dtype == made.dtype


def test_every_class_has_one_op():
    classes = [keras_class(name)[1] for name in KERAS_OPS]
    assert len(set(classes)) == len(classes)
    assert all(op_name(module, class_name) == name for name, (module, class_name, _) in KERAS_OPS.items())


def test_configuration_keys_are_parameters():
    only_keras = {"sparse", "ragged", "retstep", "rms_scaling"}
    wrong = {
        n: keys for n, (_, _, keys) in KERAS_OPS.items() if n in OPS and set(keys) - set(OPS[n].params) - only_keras
    }
    assert not wrong


def test_an_op_that_keras_does_not_know_stands_under_its_own_name():
    name = next(n for n in OPS if n not in KERAS_OPS)
    assert keras_class(name) == ("keraunos.ops", name, ()) and op_name("keraunos.ops", name) == name


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (
            {"module": "keras.src.ops.numpy", "class_name": "Summ", "config": {}},
            "Unknown op 'Summ' .*Did you mean 'sum'",
        ),
        ({"module": "keras.src.ops.numpy", "class_name": "Sum", "config": 3}, "config must be a dict"),
        ({"module": "keras.src.ops.numpy", "class_name": None, "config": {}}, "Unknown op"),
        ({"module": "keraunos.ops", "class_name": "__import__", "config": {}}, "Unknown op"),
    ],
)
def test_malformed(entry, says):
    with pytest.raises(ValueError, match=says):
        operation_from_config(entry)


def test_too_many_arguments():
    call = operation_from_config({"module": "keras.src.ops.numpy", "class_name": "Exp", "config": {"name": "e"}})
    with pytest.raises(ValueError, match="Malformed node of the op 'e'"):
        call(X, X)


def test_layers_are_none_of_its_business():
    assert operation_from_config({"module": "keras.layers", "class_name": "Add", "config": {}}) is None
