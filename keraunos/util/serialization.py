"""Configurations: objects as nested dicts that go into JSON, and back, in the words that Keras's files use.

An object is ``{"module", "class_name", "config", "registered_name"}``, and may add ``"build_config"`` and
``"compile_config"``. A name finds only what registered itself (see ``registry``): nothing is imported because a file
says so, and a Python ``lambda`` in a file runs only when the user allowed it.
"""

import contextlib
import threading
import types
import warnings

import ml_dtypes
import numpy as np

from keraunos.util import registry
from keraunos.util.errors import describe
from keraunos.util.lambdas import SafeModeScope, check_code_allowed, code_to_lambda, lambda_to_code, scoped_safe_mode

_LOCAL = threading.local()
_PLAIN = (str, int, float, bool, type(None))


# -- writing ---------------------------------------------------------------------------------------------------------


def serialize_keras_object(obj):
    """The configuration of an object: nested dicts and lists of plain values that ``deserialize_keras_object`` reads.

    Raises ``TypeError`` for a value that has no configuration.

    >>> import keraunos as keras
    >>> keras.saving.serialize_keras_object({"rate": 0.5, "axes": slice(1, None)})["axes"]
    {'class_name': '__slice__', 'config': {'start': 1, 'stop': None, 'step': None}}
    """
    if isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, (list, tuple)):
        items = [serialize_keras_object(v) for v in obj]
        return items if isinstance(obj, list) else tuple(items)
    if isinstance(obj, dict):
        return {k: serialize_keras_object(v) for k, v in obj.items()}
    special = _special(obj)
    if special is not None:
        return special
    if isinstance(obj, type):
        return _named("builtins", "type", registry.get_registered_name(obj))
    if isinstance(obj, types.FunctionType):
        return _function(obj)
    if hasattr(obj, "get_config"):
        return _object(obj)
    if callable(obj) and hasattr(obj, "__name__"):
        cls = type(obj)
        return _named(cls.__module__, cls.__name__, obj.__name__)
    raise TypeError(
        f"{describe(obj)} can't be written to a configuration: its class must have a method get_config(), or it must "
        "be a plain value, an array or a function."
    )


def _special(obj):
    """The configuration of a value with an own word in the vocabulary, or None."""
    if isinstance(obj, bytes):
        try:
            return {"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}}
        except UnicodeDecodeError as e:
            raise ValueError(f"Only bytes that are UTF-8 text can go into a configuration, got {describe(obj)}.") from e
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, slice):
        parts = {"start": obj.start, "stop": obj.stop, "step": obj.step}
        return {"class_name": "__slice__", "config": {k: serialize_keras_object(v) for k, v in parts.items()}}
    if getattr(type(obj), "__keraunos_symbolic__", False):
        return _keras_tensor(obj)
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, np.generic) or (isinstance(obj, np.ndarray) and obj.ndim == 0):
        return obj.item()
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if hasattr(obj, "shape") and hasattr(obj, "dtype") and hasattr(obj, "__array__") and not hasattr(obj, "assign"):
        value = np.asarray(obj.detach().cpu() if hasattr(obj, "detach") else obj)
        return {"class_name": "__tensor__", "config": {"value": value.tolist(), "dtype": value.dtype.name}}
    return None


def _keras_tensor(tensor):
    history = tensor._keras_history
    if history is not None:
        operation, node, index = history
        history = [operation.name, node, index]
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": tuple(tensor.shape), "dtype": tensor.dtype, "keras_history": history},
    }


def _named(module, class_name, name):
    return {"module": module, "class_name": class_name, "config": name, "registered_name": class_name}


def _function(fn):
    if fn.__name__ != "<lambda>":
        return _named("builtins", "function", registry.get_registered_name(fn))
    warnings.warn(
        "A lambda is written to the configuration as compiled code: it loads only with safe_mode=False, and only in "
        "the same version of Python. A named function registered with "
        "@keras.saving.register_keras_serializable() has neither limit.",
        stacklevel=4,
    )
    return {"class_name": "__lambda__", "config": {"value": lambda_to_code(fn)}}


def _object(obj):
    module, name, registered = object_id(obj)
    found = {
        "module": module,
        "class_name": name,
        "config": {k: serialize_keras_object(v) for k, v in obj.get_config().items()},
        "registered_name": registered,
    }
    for key in ("build_config", "compile_config"):
        part = getattr(obj, f"get_{key}", lambda: None)()
        if part is not None:
            found[key] = serialize_keras_object(part)
    shared = getattr(_LOCAL, "written", None)
    if shared is not None and hasattr(type(obj), "variables"):
        number, _ = shared.setdefault(id(obj), (len(shared) + 1, obj))  # keeps the object, so that its id stays its own
        found["shared_object_id"] = number
    return found


# Classes that Keras's files name by a module of Keras that is not public.
_WRITTEN_AS = {("keras", "Functional"): "keras.src.models.functional"}


def object_id(obj):
    """(module, class name, registered name) under which an object stands in a file.

    An object whose class does not tell it all (a recorded op) has a ``__keraunos_id__()`` that returns the first two.
    """
    own = getattr(obj, "__keraunos_id__", None)
    public = own() if own is not None else registry.public_id(obj)
    if public is not None:
        module, name = _WRITTEN_AS.get(public, public[0]), public[1]
        return module, name, name if module.startswith("keras.src.") else None
    cls = type(obj)
    module = None if cls.__module__ in ("__main__", "builtins") else cls.__module__
    return module, cls.__name__, registry.get_registered_name(cls)


# -- reading ---------------------------------------------------------------------------------------------------------


def deserialize_keras_object(config, custom_objects=None, safe_mode=True, module=None, module_objects=None, **kwargs):
    """The object that a configuration describes.

    Args:
        config: what ``serialize_keras_object`` returned, or what a file of Keras holds.
        custom_objects: dict of names to classes and functions of your own.
        safe_mode: refuse configurations that carry code (lambdas).
        module: public module that a configuration without a module is looked up in first, such as "keras.layers".
        module_objects: dict of names that a configuration which is only a name is looked up in.

    Raises ``ValueError`` for names that nothing registered and for configurations that are not well formed, and
    ``TypeError`` where a class does not accept its arguments.

    >>> import keraunos as keras
    >>> config = keras.saving.serialize_keras_object(keras.layers.Dense(3, name="logits"))
    >>> config["module"], config["class_name"]
    ('keras.layers', 'Dense')
    >>> keras.saving.deserialize_keras_object(config).units
    3
    """
    kwargs.pop("printable_module_name", None)  # of Keras 2
    if kwargs:
        raise ValueError(f"deserialize_keras_object: unknown argument(s) {sorted(kwargs)}.")
    with SafeModeScope(scoped_safe_mode(safe_mode)), registry.CustomObjectScope(custom_objects):
        return _read(config, module, module_objects)


def _read(config, module=None, module_objects=None):
    if config is None:
        return None
    if isinstance(config, str):
        found = registry.get_registered_object(config, module_objects=module_objects)
        return config if found is None else found
    if isinstance(config, (list, tuple)):
        return [_read(v) for v in config]
    if not isinstance(config, dict):
        if isinstance(config, _PLAIN):
            return config
        raise TypeError(f"A configuration must be a dict, list or plain value, got {describe(config)}.")
    if config.get("class_name") == "__tuple__" and "items" in config:  # TF-Keras 2
        return tuple(_read(v) for v in config["items"])
    if "class_name" not in config or "config" not in config:
        return {k: _read(v) for k, v in config.items()}
    name, inner = config["class_name"], config["config"]
    if not isinstance(name, str):
        raise ValueError(f"Malformed configuration: class_name must be a string, got {describe(name)}.")
    if not isinstance(config.get("module"), (str, type(None))):
        got = describe(config["module"])
        raise ValueError(f"Malformed configuration of {name!r}: module must be a string, got {got}.")
    if name in _SPECIAL:
        return _read_special(name, inner)
    if name in ("function", "type") and isinstance(inner, str):
        return _find_named(name, inner)
    return _read_object(config, name, inner, module)


def _read_special(name, inner):
    try:
        return _SPECIAL[name](inner)
    except (KeyError, TypeError, AttributeError, IndexError) as e:
        raise ValueError(f"Malformed configuration of {name!r}: {describe(inner)} ({type(e).__name__}: {e}).") from e


def _read_keras_tensor(inner):
    tensor = _require("keras", "KerasTensor")(inner["shape"], dtype=inner["dtype"])
    tensor.pre_serialized_keras_history = inner["keras_history"]
    return tensor


_OWN_DTYPES = frozenset("bfloat16 float8_e4m3fn float8_e5m2 int2 int4 uint2 uint4".split())  # names in ml_dtypes
_ARRAY_DTYPES = _OWN_DTYPES | frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128".split()
)


def _read_array(inner):
    name = inner["dtype"]
    if name.startswith("str") and name[3:].isdigit():  # NumPy's name of text says its size in bits
        return np.array(inner["value"], dtype=str)
    if name not in _ARRAY_DTYPES:
        raise ValueError(f"Malformed configuration of an array: unknown dtype {name!r}.")
    return np.array(inner["value"], dtype=getattr(ml_dtypes, name) if name in _OWN_DTYPES else name)


def _read_lambda(inner):
    check_code_allowed()
    value = inner["value"] if "value" in inner else [inner["code"], inner.get("defaults"), inner.get("closure")]
    return code_to_lambda(*value)


def _require(module, name):
    found = registry.find_builtin(module, name)
    if found is None:
        raise ValueError(f"A configuration needs {module}.{name}, which is not registered.")
    return found


_SPECIAL = {
    "__keras_tensor__": _read_keras_tensor,
    "__tensor__": lambda inner: _require("keras.ops", "convert_to_tensor")(_read_array(inner), dtype=inner["dtype"]),
    "__numpy__": _read_array,
    "__bytes__": lambda inner: inner["value"].encode("utf-8"),
    "__ellipsis__": lambda inner: Ellipsis,
    "__slice__": lambda inner: slice(*(_read(inner[k]) for k in ("start", "stop", "step"))),
    "__lambda__": _read_lambda,
}


def _find_named(kind, name):
    """A function or class that stands in a file by its name alone."""
    found = registry.get_registered_object(name)
    if found is not None:
        return found
    modules = _CLASS_MODULES if kind == "type" else _FUNCTION_MODULES
    for module in modules:
        found = registry.find_builtin(module, name)
        if found is not None and isinstance(found, type) == (kind == "type"):
            return found
    raise registry.unknown("class" if kind == "type" else "function", name, modules[0])


def _read_object(config, name, inner, module):
    cls = find_class(config.get("module"), name, config.get("registered_name"), module)
    if not isinstance(inner, dict):
        raise ValueError(f"Malformed configuration of {name!r}: config must be a dict, got {describe(inner)}.")
    shared, key = getattr(_LOCAL, "read", None), config.get("shared_object_id")
    if not isinstance(key, (int, type(None))):
        raise ValueError(
            f"Malformed configuration of {name!r}: shared_object_id must be a number, got {describe(key)}."
        )
    if shared is not None and key is not None:
        if key not in shared:
            shared[key] = _first_place(shared, name, inner)
        if shared[key] is not None:
            return shared[key]
    if not hasattr(cls, "from_config"):
        raise TypeError(f"{name!r} can't be made from a configuration: {describe(cls)} has no from_config().")
    obj = _call(cls.from_config, inner, name, "config")
    for part in ("build_config", "compile_config"):
        act = getattr(obj, part.replace("_config", "_from_config"), None)
        if config.get(part) and act is not None and not (part == "build_config" and getattr(obj, "built", False)):
            _call(act, config[part], name, part)
    if shared is not None and hasattr(type(obj), "variables"):
        if key is not None:
            shared[key] = obj
        shared.setdefault((name, str(inner.get("name"))), []).append((inner, obj))
    return obj


def _first_place(shared, name, inner):
    """The object that was read from an equal configuration: Keras writes the number of a shared object not at its first place."""
    wanted = _unnumbered(inner)
    found = [obj for config, obj in shared.get((name, str(inner.get("name"))), ()) if _unnumbered(config) == wanted]
    return found[0] if found else None


def _unnumbered(config):
    if isinstance(config, dict):
        return {k: _unnumbered(v) for k, v in config.items() if k != "shared_object_id"}
    return [_unnumbered(v) for v in config] if isinstance(config, (list, tuple)) else config


def _call(act, inner, name, part):
    """``act(inner)``; an error says which object could not be made from which part."""
    if not isinstance(inner, dict):
        raise ValueError(f"Malformed configuration of {name!r}: {part} must be a dict, got {describe(inner)}.")
    try:
        return act(inner)
    except (TypeError, KeyError, AttributeError, IndexError) as e:
        kind = TypeError if isinstance(e, TypeError) else ValueError
        raise kind(f"{name!r} can't be made from its {part} {_short(inner)}: {type(e).__name__}: {e}") from e


def _short(inner):
    text = repr(inner)
    return text if len(text) <= 300 else text[:297] + "..."


# -- names -----------------------------------------------------------------------------------------------------------

# Where a name without a module is looked for, in this order.
_FUNCTION_MODULES = ("keras.activations", "keras.losses", "keras.metrics", "keras.ops", "keras.random")
_CLASS_MODULES = (
    "keras.layers",
    "keras",
    "keras.initializers",
    "keras.regularizers",
    "keras.constraints",
    "keras.losses",
    "keras.metrics",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.dtype_policies",
    "keras.quantizers",
    "keras.random",
)
# Where the class of an internal or older module lies, by a part of the module's name; the first that fits.
_PARTS = {
    "functional": "keras",
    "sequential": "keras",
    "models": "keras",
    "schedules": "keras.optimizers.schedules",
    "learning_rate_schedule": "keras.optimizers.schedules",
    **{m.removeprefix("keras."): m for m in _CLASS_MODULES if m.count(".") == 1},
}
_FAMILY = ("keras", "tf_keras", "keras_core", "tensorflow.keras", "tensorflow.python.keras")


def find_class(module, name, registered_name=None, hint=None):
    """The class that a configuration names, or the error that says which names are near.

    >>> from keraunos.util.serialization import find_class
    >>> find_class("keras", "KerasTensor").__name__
    'KerasTensor'
    """
    found = registry.get_registered_object(registered_name) if isinstance(registered_name, str) else None
    if found is None and (module is None or _family(module) is None):
        found = registry.get_registered_object(name)
    for place in _places(module, hint):
        if found is None:
            found = registry.find_builtin(place, name)
    if found is None:
        found = registry.get_registered_object(name)
    if found is None:
        raise registry.unknown("class", name, next(iter(_places(module, hint)), "keras.layers"))
    return found


def _family(module):
    """The name of the library of Keras's family that a module belongs to, else None."""
    return next((f for f in _FAMILY if module == f or module.startswith(f + ".")), None)


def _places(module, hint):
    """Public modules to look in, best first."""
    if module is None:
        return (hint, *_CLASS_MODULES) if hint else _CLASS_MODULES
    family = _family(module)
    if family is None:
        return ()
    parts = module[len(family) + 1 :].split(".")
    exact = ".".join(["keras", *parts]) if parts != [""] else "keras"
    homes = [home for part, home in _PARTS.items() if part in parts]
    return (exact, *homes, "keras", "keras.layers")


# -- objects that stand in several places ----------------------------------------------------------------------------


@contextlib.contextmanager
def sharing(kind):
    """In the block, an object that is "written" (or "read") in several places is one object."""
    before = getattr(_LOCAL, kind, None)
    setattr(_LOCAL, kind, {})
    try:
        yield
    finally:
        setattr(_LOCAL, kind, before)


def serialize_with_sharing(obj):
    """``serialize_keras_object``, where objects that stand in several places carry the same ``shared_object_id``."""
    with sharing("written"):
        config = serialize_keras_object(obj)
    counts = {}
    _each_dict(config, lambda d: counts.update({d["shared_object_id"]: counts.get(d["shared_object_id"], 0) + 1}))
    _each_dict(config, lambda d: d.pop("shared_object_id") if counts[d["shared_object_id"]] == 1 else None)
    return config


def _each_dict(config, act):
    if isinstance(config, dict):
        if "shared_object_id" in config:
            act(config)
        for value in config.values():
            _each_dict(value, act)
    elif isinstance(config, (list, tuple)):
        for value in config:
            _each_dict(value, act)
