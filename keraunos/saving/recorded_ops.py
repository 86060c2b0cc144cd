"""Recorded calls of ``keras.ops`` functions in the configuration of a functional model.

Static parameters are written as the configuration of the op, arrays as arguments of its node.
"""

from keraunos import ops
from keraunos.ops.op import OPS, RecordedOp
from keraunos.saving.op_names import OWN_MODULE, is_op, is_op_class, keras_class, op_name
from keraunos.util import registry
from keraunos.util.errors import describe, near
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object

registry.builtin("keras.ops", "convert_to_tensor")(ops.convert_to_tensor)  # what "__tensor__" in a file is read by

# Parameters of Keras's classes that the functions do not have.
_KERAS_ONLY = {"rms_scaling": False, "retstep": False, "sparse": False}
# Sequences of arrays that are single arguments of a node in a file.
_SPREAD = {"einsum": "operands", "meshgrid": "x"}


def operation_config(operation):
    """The configuration of a recorded op, without its nodes."""
    module, class_name, keys = keras_class(operation.op.name)
    node = operation._inbound_nodes[0]
    given = _parameters(operation.op, node.args, node.kwargs)
    statics = {k: serialize_keras_object(given.get(k, _KERAS_ONLY.get(k))) for k in keys}
    return {
        "module": module,
        "class_name": class_name,
        "config": {"name": operation.name, **statics},
        "registered_name": class_name,
    }


def call_arguments(node):
    """(args, kwargs) of a node as a file holds them: without what is in the operation's configuration."""
    operation = node.operation
    if not isinstance(operation, RecordedOp):
        return node.args, node.kwargs
    name = operation.op.name
    statics = keras_class(name)[2]
    args = []
    for parameter, value in _parameters(operation.op, node.args, node.kwargs).items():
        if parameter == _SPREAD.get(name):
            args.extend(value)
        elif parameter not in statics:
            args.append(value)
    return tuple(args), {}


def _parameters(op, args, kwargs):
    bound = op.signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def operation_from_config(entry):
    """What to call with the arguments of a node in place of a recorded op; None for the configuration of a layer.

    Raises ``ValueError`` for an op that does not exist.
    """
    module, config = entry.get("module"), entry.get("config")
    if module is None and is_op_class(entry.get("class_name")) and "trainable" not in (config or ()):
        module = OWN_MODULE  # an .h5 file names no modules, but a layer always says whether it is trainable
        entry = {**entry, "class_name": op_name(None, entry["class_name"])}
    if not is_op(module):
        return None
    name = op_name(module, str(entry.get("class_name")))
    if not isinstance(config, dict):
        raise ValueError(f"Malformed configuration of the op {name!r}: config must be a dict, got {describe(config)}.")
    if name not in OPS:
        raise ValueError(f"Unknown op {entry.get('class_name')!r} of {module}.{near(name, OPS)}")
    op = OPS[name]
    statics = {k: _as_tuples(deserialize_keras_object(v)) for k, v in config.items() if k in op.params}
    return RecordedCall(op, config.get("name") or name, statics)


class RecordedCall:
    """An op with its static parameters: called with the arguments of a node, it records one of that name."""

    _inbound_nodes = ()

    def __init__(self, op, name, statics):
        self.op = op
        self.name = name
        self.statics = statics

    def __call__(self, *args, **kwargs):
        wanted = [p for p in self.op.params if p not in self.statics and p not in kwargs]
        if _SPREAD.get(self.op.name) in wanted:
            args = (args,)
        if len(args) > len(wanted) or set(kwargs) - set(self.op.params):
            raise ValueError(
                f"Malformed node of the op {self.name!r}: {self.op.name}{self.op.signature} can't take {len(args)} "
                f"arguments and {sorted(kwargs)}, with {sorted(self.statics)} in its configuration."
            )
        given = {**self.statics, **dict(zip(wanted, args, strict=False)), **kwargs}
        if self.op.name == "get_item" and isinstance(given["key"], list):
            given["key"] = tuple(given["key"])  # a list in a file was a tuple: x[:, 0]
        bound = self.op.signature.bind(**given)
        bound.apply_defaults()
        return RecordedOp(self.op, self.name)(*bound.args)


def _as_tuples(value):
    return tuple(_as_tuples(v) for v in value) if isinstance(value, list) else value
