"""Which dtype a layer computes in, and which its weights have."""

import numpy as np

from keraunos.backend import dispatch
from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.util import registry, settings
from keraunos.util.errors import describe
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object

_GLOBAL = {"policy": None}


@registry.builtin("keras")
class DTypePolicy:
    """The dtypes of a layer.

    Args:
        name: a dtype (weights and computation in it), or "mixed_bfloat16" / "mixed_float16" (computation in 16 bits, weights
            in float32).

    >>> import keraunos as keras
    >>> p = keras.dtype_policies.DTypePolicy("mixed_bfloat16")
    >>> p.compute_dtype, p.variable_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, name=None, source_name=None):
        name = settings.floatx() if name is None else name
        if not isinstance(name, str):
            raise TypeError(
                f"DTypePolicy: name must be a string such as 'float32' or 'mixed_bfloat16', got {describe(name)}."
            )
        self._name = name
        if name in ("mixed_float16", "mixed_bfloat16"):
            self._compute_dtype, self._variable_dtype = name.removeprefix("mixed_"), "float32"
        else:
            try:
                self._compute_dtype = self._variable_dtype = standardize_dtype(name)
            except ValueError as e:
                raise ValueError(
                    f"DTypePolicy: name must be a dtype, 'mixed_float16' or 'mixed_bfloat16', got {name!r}."
                ) from e

    @property
    def name(self):
        """What it was made from."""
        return self._name

    @property
    def compute_dtype(self):
        """The dtype of inputs and computation."""
        return self._compute_dtype

    @property
    def variable_dtype(self):
        """The dtype of weights."""
        return self._variable_dtype

    @property
    def quantization_mode(self):
        """None: quantized layers are not part of this policy."""
        return None

    def convert_input(self, x, autocast, dtype):
        """x as an array, floats in ``dtype`` when ``autocast``."""
        return convert_input(x, autocast, standardize_dtype(dtype))

    def get_config(self):
        """Arguments that make an equal policy."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config):
        """A policy from ``get_config()``'s dict."""
        return cls(**config)

    def __eq__(self, other):
        return type(other) is type(self) and other._name == self._name

    def __hash__(self):
        return hash(self._name)

    def __repr__(self):
        return f'<DTypePolicy "{self._name}">'


@registry.builtin("keras")
class FloatDTypePolicy(DTypePolicy):
    """The older name of ``DTypePolicy``."""


@registry.builtin("keras.dtype_policies")
class DTypePolicyMap(DTypePolicy):
    """Policies by layer path; paths that are not listed get ``default_policy``.

    >>> import keraunos as keras
    >>> m = keras.dtype_policies.DTypePolicyMap({"block/dense": "bfloat16"})
    >>> m["block/dense"].name, m["other"].name
    ('bfloat16', 'float32')
    """

    def __init__(self, default_policy=None, policy_map=None):
        if isinstance(default_policy, dict) and "class_name" not in default_policy and policy_map is None:
            default_policy, policy_map = None, default_policy
        self._default_arg = default_policy
        self._map = {k: get(v) for k, v in (policy_map or {}).items()}
        super().__init__(self.default_policy.name)

    @property
    def default_policy(self):
        """The policy of unlisted paths."""
        return dtype_policy() if self._default_arg is None else get(self._default_arg)

    def __getitem__(self, path):
        if path in self._map:
            return self._map[path]
        hits = [k for k in self._map if path.startswith(k + "/")]
        return self._map[max(hits, key=len)] if hits else self.default_policy

    def __setitem__(self, path, policy):
        self._map[path] = get(policy)

    def __delitem__(self, path):
        del self._map[path]

    def __contains__(self, path):
        return path in self._map

    def __len__(self):
        return len(self._map)

    def __iter__(self):
        return iter(self._map)

    def get_config(self):
        return {
            "default_policy": None if self._default_arg is None else serialize_keras_object(get(self._default_arg)),
            "policy_map": {k: serialize_keras_object(v) for k, v in self._map.items()},
        }


def convert_input(x, autocast, dtype):
    """x as an array of its engine, a float in ``dtype`` when ``autocast``; symbolic tensors are left as they are."""
    kind = dispatch.kind_of.get(type(x)) or dispatch.classify(x)
    if kind is dispatch.SYMBOLIC:
        return x
    if kind is dispatch.HANDLE:
        x = x.__keraunos_value__()
        kind = dispatch.kind_of.get(type(x)) or dispatch.classify(x)
    if kind is dispatch.HOST:
        if not hasattr(x, "dtype") and not hasattr(x, "__array__"):
            return x  # Python values and None are arguments, not inputs
        x = np.asarray(x)
        if x.dtype.kind in "OUS":
            return x
        engine = dispatch.current()
        return engine.asarray(x, dtype if autocast and is_float_dtype(x.dtype) else None)
    if kind is None:
        return x
    if autocast and is_float_dtype(x.dtype):
        target = kind.dtype(dtype)
        if x.dtype != target:
            return kind.xp.astype(x, target)
    return x


def dtype_policy():
    """The policy that layers get when they are given none.

    >>> import keraunos as keras
    >>> keras.config.dtype_policy().name
    'float32'
    """
    policy = _GLOBAL["policy"]
    return DTypePolicy() if policy is None else policy


def set_dtype_policy(policy):
    """Set the default policy of new layers ("mixed_bfloat16", a DTypePolicy, or None for floatx)."""
    _GLOBAL["policy"] = None if policy is None else get(policy)


def get(identifier):
    """A policy from None (the default one), a name, a dtype, a configuration, or a policy.

    >>> import keraunos as keras
    >>> keras.dtype_policies.get("float16").compute_dtype
    'float16'
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return deserialize_keras_object(identifier)
    if isinstance(identifier, str):
        return DTypePolicy(identifier)
    try:
        return DTypePolicy(standardize_dtype(identifier))
    except (ValueError, TypeError) as e:
        raise ValueError(f"dtype must be a dtype, a policy or its name, got {describe(identifier)}.") from e


def serialize(policy):
    """The configuration of a policy."""
    return serialize_keras_object(policy)


def deserialize(config, custom_objects=None):
    """A policy from its configuration."""
    return deserialize_keras_object(config, custom_objects=custom_objects)
