"""The base of metrics: numbers accumulated over batches in variables."""

import numpy as np

from keraunos import initializers
from keraunos.backend.dtypes import numpy_dtype
from keraunos.core import capture, dtype_policy
from keraunos.core.scope import NameScope, StateScope
from keraunos.core.tracked import walk
from keraunos.core.variable import Structure, Variable
from keraunos.util import naming, registry


@registry.builtin("keras")
@registry.builtin("keras.metrics")
class Metric:
    """The base of all metrics: a subclass makes variables in ``__init__`` and defines ``update_state`` and ``result``.

    Everything that changes must be a variable, changed by ``assign``: the same metric then runs inside compiled programs.

    Args:
        dtype: dtype of the variables; default: floatx.
        name: default: the class's name in snake case.

    >>> import keraunos as keras
    >>> class Largest(keras.metrics.Metric):
    ...     def __init__(self, name="largest", dtype=None):
    ...         super().__init__(name=name, dtype=dtype)
    ...         self.value = self.add_variable(shape=(), initializer="zeros", name="value")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.value.assign(keras.ops.maximum(self.value, keras.ops.max(y_pred)))
    ...     def result(self):
    ...         return self.value.value
    >>> m = Largest()
    >>> m.update_state([0.0], [2.0]), m.update_state([0.0], [1.0])
    (None, None)
    >>> float(m.result())
    2.0
    """

    _part_kind = "metric"
    _row_wise = False  # whether padded rows of weight 0 change nothing
    built = True

    def __new__(cls, *args, **kwargs):
        metric = object.__new__(cls)
        metric._captured = args, kwargs
        return metric

    def __init__(self, dtype=None, name=None):
        self.name = name or naming.auto_name(type(self).__name__)
        self._dtype_policy = dtype_policy.get(dtype) if dtype is not None else dtype_policy.DTypePolicy()
        self._dtype = self._dtype_policy.compute_dtype
        self._own = []

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "_row_wise" not in cls.__dict__:
            cls._row_wise = False

    @property
    def dtype(self):
        """Name of the dtype of the variables."""
        return self._dtype

    # -- state ---------------------------------------------------------------------------------------------------------------

    def add_variable(self, shape, initializer="zeros", dtype=None, aggregation="sum", name=None):
        """Make a variable of the state; returns it."""
        if "_own" not in self.__dict__:
            raise RuntimeError(f"{type(self).__name__}: call super().__init__() before add_variable().")
        if isinstance(initializer, str) or initializer is None:
            initializer = initializers.get(initializer or "zeros")
        with NameScope(self.name.replace("/", "_")):
            variable = Variable(
                initializer,
                shape=shape,
                dtype=dtype or self._dtype,
                trainable=False,
                autocast=False,
                aggregation=aggregation,
                name=name,
            )
        self._own.append(variable)
        Structure.version += 1
        return variable

    def add_weight(self, shape=(), initializer=None, dtype=None, name=None):
        """``add_variable`` under its older name."""
        return self.add_variable(shape=shape, initializer=initializer, dtype=dtype, name=name)

    @property
    def variables(self):
        """All variables of the state: the metric's own in the order in which they were made, then those of metrics inside it."""
        found = {id(v): v for v in self._own}
        inner = []
        for key, value in self.__dict__.items():
            if key.startswith("_captured") or not isinstance(value, (Variable, Metric, list, tuple, dict)):
                continue
            for part in walk(value):
                if isinstance(part, Variable):
                    found.setdefault(id(part), part)
                elif isinstance(part, Metric) and part is not self:
                    inner.append(part)
        for metric in inner:
            found.update({id(v): v for v in metric.variables if id(v) not in found})
        return list(found.values())

    def reset_state(self):
        """Start anew: all variables become 0."""
        for v in self.variables:
            v.assign(np.zeros(v.shape, numpy_dtype(v._dtype)))

    def update_state(self, *args, **kwargs):
        """Take a batch into account."""
        raise NotImplementedError(f"{type(self).__name__} must define update_state().")

    def result(self):
        """The metric over all batches since the last reset: a scalar, an array, or a dict of them."""
        raise NotImplementedError(f"{type(self).__name__} must define result().")

    def __call__(self, *args, **kwargs):
        """``update_state`` on a batch, then ``result``."""
        self.update_state(*args, **kwargs)
        return self.result()

    # -- the same without side effects ---------------------------------------------------------------------------------------

    def _scope(self, method, values):
        variables = self.variables
        if len(values) != len(variables):
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: {method} expected {len(variables)} values, one for each variable of "
                f"`metric.variables`, got {len(values)}."
            )
        return StateScope(variables, values), variables

    def stateless_update_state(self, metric_variables, *args, **kwargs):
        """The values of the variables after ``update_state`` from the given ones; the metric itself stays as it is."""
        scope, variables = self._scope("stateless_update_state", metric_variables)
        with scope:
            self.update_state(*args, **kwargs)
            return [scope.read(v) for v in variables]

    def stateless_result(self, metric_variables):
        """The result for given values of the variables."""
        with self._scope("stateless_result", metric_variables)[0]:
            return self.result()

    def stateless_reset_state(self):
        """The values that the variables start with."""
        variables = self.variables
        with StateScope() as scope:
            self.reset_state()
            return [scope.read(v) for v in variables]

    # -- configuration -------------------------------------------------------------------------------------------------------

    def get_config(self):
        """Arguments that make an equal metric."""
        args, kwargs = self._captured
        found = capture.bind(type(self), args, kwargs) if type(self).__init__ is not Metric.__init__ else {}
        found.pop("name", None), found.pop("dtype", None)
        config = {k: capture.config_value(v) for k, v in found.items()}
        return {"name": self.name, "dtype": self._dtype_policy.name} | config

    @classmethod
    def from_config(cls, config):
        """A metric from ``get_config()``'s dict."""
        return cls(**config)

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}>"
