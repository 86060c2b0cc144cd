"""Symbolic tensors, and the nodes that record how they came about."""

from keraunos.backend import dispatch
from keraunos.backend.dtypes import standardize_dtype
from keraunos.backend.spec import Spec
from keraunos.util import naming, registry, tree


@registry.builtin("keras")
class KerasTensor:
    """A tensor without values: shape, dtype, and the node that makes it. Operations on it record a graph.

    Args:
        shape: tuple of ints, ``None`` for an unknown dimension.
        dtype: standard name.
        name: optional.

    >>> import keraunos as keras
    >>> x = keras.KerasTensor((None, 3))
    >>> (x + 1).shape
    (None, 3)
    """

    __keraunos_symbolic__ = True
    __array_priority__ = 1000

    def __init__(self, shape, dtype="float32", sparse=False, ragged=False, record_history=True, name=None, **kwargs):
        if sparse or ragged:
            raise ValueError("KerasTensor: sparse and ragged tensors are not supported.")
        self.shape = tuple([d if d is None or d.__class__ is int else int(d) for d in shape])
        self.dtype = standardize_dtype(dtype)
        self.name = name or naming.auto_name("keras_tensor")
        self.sparse = self.ragged = False
        self.record_history = record_history
        self.node = None  # the Node that made it
        self.index = 0  # its place among that node's outputs
        self._keras_mask = None

    @property
    def ndim(self):
        """Number of dimensions."""
        return len(self.shape)

    @property
    def spec(self):
        """Shape and dtype."""
        return Spec(self.shape, self.dtype)

    @property
    def _keras_history(self):
        """(operation, index of the node in it, index of the tensor in the node)."""
        if self.node is None:
            return None
        return self.node.operation, self.node.operation._inbound_nodes.index(self.node), self.index

    def __repr__(self):
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __len__(self):
        raise TypeError(f"len() of a symbolic tensor: its first dimension is known only when data comes. Got {self!r}.")

    def __iter__(self):
        raise TypeError(f"A symbolic tensor can't be iterated over: use keras.ops.unstack. Got {self!r}.")

    def __bool__(self):
        raise TypeError(
            f"A symbolic tensor has no truth value: use keras.ops.where or keras.ops.cond instead of `if`. Got {self!r}."
        )

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            f"A symbolic tensor has no values: it can go into keras layers and keras.ops functions, not into NumPy. Got {self!r}."
        )

    def __jax_array__(self):
        raise TypeError(
            f"A symbolic tensor has no values: it can go into keras layers and keras.ops functions, not into jax.numpy. Got {self!r}."
        )


def is_keras_tensor(x):
    """Whether x is a symbolic tensor.

    >>> import keraunos as keras
    >>> keras.utils.is_keras_tensor(keras.Input((3,)))
    True
    """
    return isinstance(x, KerasTensor)


def any_symbolic(*structures):
    """Whether a symbolic tensor is among the leaves."""
    for s in structures:
        leaves = s.values() if type(s) is dict else s if type(s) in (tuple, list) else (s,)
        for leaf in leaves:
            if isinstance(leaf, KerasTensor):
                return True
            if isinstance(leaf, (list, tuple, dict)) and any(isinstance(x, KerasTensor) for x in tree.flatten(leaf)):
                return True
    return False


class Node:
    """One call of an operation on symbolic tensors."""

    def __init__(self, operation, args, kwargs, outputs):
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.outputs = tree.flatten(outputs)
        given = (*args, *(kwargs[k] for k in sorted(kwargs)))
        self._is_flat = not any(isinstance(a, (list, tuple, dict)) for a in given)
        leaves = given if self._is_flat else tree.flatten((args, kwargs))
        self.inputs = [t for t in leaves if isinstance(t, KerasTensor)]
        for i, out in enumerate(self.outputs):
            if isinstance(out, KerasTensor):
                out.node, out.index = self, i
        operation._inbound_nodes.append(self)
        for t in self.inputs:
            if t.node is not None:
                t.node.operation._outbound_nodes.append(self)

    @property
    def is_input(self):
        """Whether the node stands for an input of a graph."""
        return not self.inputs and getattr(self.operation, "_is_input", False)

    @property
    def parent_nodes(self):
        """The nodes whose outputs come in."""
        return [t.node for t in self.inputs if t.node is not None]

    @property
    def input_tensors(self):
        """The symbolic tensors that come in."""
        return self.inputs

    @property
    def output_tensors(self):
        """The symbolic tensors that go out."""
        return self.outputs

    def fill(self, value_of):
        """(args, kwargs) with each symbolic tensor replaced by ``value_of(tensor)``."""

        def swap(leaf):
            return value_of(leaf) if isinstance(leaf, KerasTensor) else leaf

        if self._is_flat:
            return tuple([swap(a) for a in self.args]), {k: swap(v) for k, v in self.kwargs.items()}
        return tree.map_structure(swap, self.args), tree.map_structure(swap, self.kwargs)

    def __repr__(self):
        return f"<Node of {self.operation.name}>"


@registry.builtin("keras")
class Operation:
    """Something that can be called on tensors, symbolic or not: a layer, or a recorded function of ``keras.ops``.

    A subclass defines ``call(*args, **kwargs)`` and may define ``compute_output_spec``.
    """

    def __init__(self, name=None):
        self.name = name or naming.auto_name(type(self).__name__)
        self._inbound_nodes = []
        self._outbound_nodes = []

    def __call__(self, *args, **kwargs):
        if any_symbolic(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def symbolic_call(self, *args, **kwargs):
        """Record a node and return its symbolic outputs."""
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def compute_output_spec(self, *args, **kwargs):
        """Symbolic outputs (shape and dtype) for symbolic inputs."""
        return to_symbolic(infer(self.call, args, kwargs))

    def call(self, *args, **kwargs):
        """What the operation computes."""
        raise NotImplementedError(f"{type(self).__name__}.call is not defined.")

    @property
    def input(self):
        """The symbolic input(s) of the only call."""
        inputs = self._single_node("input").inputs
        return inputs[0] if len(inputs) == 1 else inputs

    @property
    def output(self):
        """The symbolic output(s) of the only call."""
        outputs = self._single_node("output").outputs
        return outputs[0] if len(outputs) == 1 else outputs

    def _single_node(self, what):
        if len(self._inbound_nodes) != 1:
            raise AttributeError(
                f"{type(self).__name__} {self.name!r}: {what} is defined only for a layer called once on symbolic tensors; it was "
                f"called {len(self._inbound_nodes)} times."
            )
        return self._inbound_nodes[0]

    def get_config(self):
        """Arguments that make an equal operation."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config):
        """An operation from ``get_config()``'s dict."""
        return cls(**config)


def to_symbolic(specs):
    """Nested specs as symbolic tensors."""
    return tree.map_structure(lambda s: KerasTensor(s.shape, s.dtype) if isinstance(s, Spec) else s, specs)


# Two sizes to stand for an unknown dimension: what differs between the two runs depends on it. Composite, so that usual
# reshapes divide; small, so that a Python loop over an unknown dimension ends; the second pair is tried when the first fails.
_SENTINELS = ((120, 240), (5040, 10080))


def infer(fn, args, kwargs):
    """The nested outputs of ``fn(*args, **kwargs)`` as ``Spec``s, without computing; args hold symbolic tensors."""
    leaves = tree.flatten((args, kwargs))
    unknown = any(isinstance(t, KerasTensor) and None in t.shape for t in leaves)
    if not unknown:
        return _evaluate(fn, args, kwargs, 1)
    first_error = None
    for one, two in _SENTINELS:
        try:
            a = _evaluate(fn, args, kwargs, one)
            b = _evaluate(fn, args, kwargs, two)
        except Exception as e:  # noqa: BLE001 with other sizes it may fit; if not, the first error is raised
            first_error = first_error or e
            continue
        return tree.map_structure(_merge, a, b)
    raise first_error


def _merge(a, b):
    if not isinstance(a, Spec):
        return a
    return Spec(tuple(m if m == n else None for m, n in zip(a.shape, b.shape, strict=True)), a.dtype)


def _evaluate(fn, args, kwargs, size):
    structure = (args, kwargs)
    leaves = [
        Spec([size if d is None else d for d in t.shape], t.dtype) if isinstance(t, KerasTensor) else t
        for t in tree.flatten(structure)
    ]

    def run(arrays):
        it = iter(arrays)
        filled = [next(it) if isinstance(s, Spec) else s for s in leaves]
        new_args, new_kwargs = tree.unflatten_like(structure, filled)
        return fn(*new_args, **new_kwargs)

    engine = dispatch.engine_of(*(t for t in leaves if not isinstance(t, Spec) and hasattr(t, "dtype")))
    with dispatch.use(engine.name):
        return engine.abstract_eval(run, [s for s in leaves if isinstance(s, Spec)])
