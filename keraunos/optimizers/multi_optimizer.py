"""Different optimizers for different weights of one model."""

import re
from collections.abc import MutableMapping

from keraunos.optimizers.optimizer import Optimizer
from keraunos.util import registry
from keraunos.util.errors import describe
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


@registry.builtin("keras.optimizers")
class OptimizerMap(MutableMapping):
    """Optimizers by regular expressions that the whole path of a variable must match; the default one for all others.

    Args:
        default_optimizer: for variables that no expression matches.
        optimizer_map: dict of expressions to optimizers.

    Raises:
        TypeError: a value is no optimizer.
        ValueError: an expression stands there already, or (on look-up) several match.

    >>> import keraunos as keras
    >>> which = keras.optimizers.OptimizerMap(keras.optimizers.SGD(), {"encoder/.*": keras.optimizers.Adam()})
    >>> type(which["encoder/kernel"]).__name__, type(which["head/kernel"]).__name__
    ('Adam', 'SGD')
    """

    def __init__(self, default_optimizer, optimizer_map=None):
        self._default_optimizer = _checked(default_optimizer, "default_optimizer")
        self._optimizer_map = {}
        for pattern, optimizer in (optimizer_map or {}).items():
            self[pattern] = optimizer

    @property
    def default_optimizer(self):
        """The optimizer of all variables that no expression matches."""
        return self._default_optimizer

    def __getitem__(self, path):
        if path in self._optimizer_map:
            return self._optimizer_map[path]
        hits = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, path)]
        if len(hits) > 1:
            raise ValueError(
                f"OptimizerMap: {path!r} is matched by several expressions: {hits}. Make them exclude each other."
            )
        return self._optimizer_map[hits[0]] if hits else self._default_optimizer

    def __setitem__(self, pattern, optimizer):
        if pattern in self._optimizer_map:
            raise ValueError(f"OptimizerMap: {pattern!r} stands there already; delete it first.")
        self._optimizer_map[pattern] = _checked(optimizer, repr(pattern))

    def __delitem__(self, pattern):
        del self._optimizer_map[pattern]

    def __contains__(self, pattern):
        return pattern in self._optimizer_map

    def __iter__(self):
        return iter(self._optimizer_map)

    def __len__(self):
        return len(self._optimizer_map)

    def get_config(self):
        """Arguments that make an equal map."""
        return {
            "default_optimizer": serialize_keras_object(self._default_optimizer),
            "optimizer_map": {k: serialize_keras_object(v) for k, v in self._optimizer_map.items()},
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A map from ``get_config()``'s dict."""
        return cls(**{k: deserialize_keras_object(v, custom_objects=custom_objects) for k, v in config.items()})


def _checked(optimizer, name):
    if isinstance(optimizer, Optimizer):
        return optimizer
    raise TypeError(f"OptimizerMap: {name} must be an optimizer, got {describe(optimizer)}.")


@registry.builtin("keras.optimizers")
class MultiOptimizer(Optimizer):
    """Gives each variable to an optimizer of its own choice.

    There is no common learning rate: those of ``optimizers`` count.

    Args:
        optimizer_map: ``OptimizerMap``, or a function from a variable to its optimizer.
        loss_scale_factor: factor on the loss, taken out of the gradients; the inner optimizers must have none.
        name: of the optimizer.

    Raises:
        TypeError: ``optimizer_map`` is something else, or its function returned something else.
        ValueError: an inner optimizer has a ``loss_scale_factor``.

    >>> import keraunos as keras
    >>> optimizers = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.5), {"slow": keras.optimizers.SGD(0.25)})
    >>> slow, fast = keras.Variable([1.0], name="slow"), keras.Variable([1.0], name="fast")
    >>> keras.optimizers.MultiOptimizer(optimizers).apply([keras.ops.ones((1,))] * 2, [slow, fast])
    >>> float(slow[0]), float(fast[0])
    (0.75, 0.5)
    """

    def __init__(self, optimizer_map, loss_scale_factor=None, name=None):
        if not isinstance(optimizer_map, OptimizerMap) and not callable(optimizer_map):
            raise TypeError(
                "MultiOptimizer: optimizer_map must be an OptimizerMap or a function from a variable to its optimizer, got "
                f"{describe(optimizer_map)}."
            )
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        self._chosen = []  # an optimizer per trained variable
        self.optimizers = []
        if isinstance(optimizer_map, OptimizerMap):
            self._set_optimizers([*optimizer_map.values(), optimizer_map.default_optimizer])

    def _set_optimizers(self, found):
        self.optimizers = list({id(o): o for o in found}.values())
        for o in self.optimizers:
            if o.loss_scale_factor is not None:
                raise ValueError(f"MultiOptimizer: give loss_scale_factor to the MultiOptimizer, not to {o!r}.")

    def build(self, variables):
        """Choose the optimizer of each variable, and make their slots."""
        if self.built:
            return
        super().build(variables)
        by_path = isinstance(self._optimizer_map, OptimizerMap)
        chosen = [self._optimizer_map[v.path] if by_path else self._optimizer_map(v) for v in self._trainable_variables]
        for v, o in zip(self._trainable_variables, chosen):
            if not isinstance(o, Optimizer):
                raise TypeError(
                    f"MultiOptimizer: the function must return an optimizer, got {describe(o)} for {v.path!r}."
                )
        self._chosen = chosen
        self._set_optimizers([*self.optimizers, *chosen])
        for o in self.optimizers:
            o.build(self._of(o, self._trainable_variables))

    def _of(self, optimizer, variables):
        return [v for v in variables if self._chosen[self._get_variable_index(v)] is optimizer]

    def _fingerprint(self):
        return super()._fingerprint(), *(o._fingerprint() for o in self.optimizers)

    @property
    def variables(self):
        """Its own (two that Keras's files have), then those of ``optimizers``."""
        return super().variables + [v for o in self.optimizers for v in o.variables]

    @property
    def learning_rate(self):
        """There is none: see ``optimizers``."""
        raise AttributeError("MultiOptimizer has no learning_rate of its own: read those of its optimizers.")

    @learning_rate.setter
    def learning_rate(self, value):
        raise AttributeError("MultiOptimizer has no learning_rate of its own: set those of its optimizers.")

    def _update(self, grads, variables):
        by_id = {id(v): g for g, v in zip(grads, variables)}
        for o in self.optimizers:
            if own := self._of(o, variables):
                o.apply([by_id[id(v)] for v in own], own)

    def finalize_variable_values(self, var_list):
        """Put running means in place where an optimizer keeps them."""
        for o in self.optimizers:
            o.finalize_variable_values(self._of(o, var_list))

    def get_config(self):
        """Arguments that make an equal optimizer."""
        return {
            "optimizer_map": serialize_keras_object(self._optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """An optimizer from ``get_config()``'s dict."""
        found = config["optimizer_map"]
        if isinstance(found, dict):
            found = deserialize_keras_object(found, custom_objects=custom_objects)
        return cls(**{**config, "optimizer_map": found})
