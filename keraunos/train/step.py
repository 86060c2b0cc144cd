"""One step of training, testing or prediction, and the variables that it reads and changes."""

import inspect

from keraunos.backend import dispatch
from keraunos.backend.dtypes import standardize_dtype
from keraunos.backend.spec import Spec
from keraunos.core.scope import LOCAL, RealRows, StateScope
from keraunos.core.variable import functionalize
from keraunos.util import tree


class fresh_losses:
    """Losses that layers add in the block are seen in the block only."""

    def __enter__(self):
        self._before = LOCAL.losses
        LOCAL.losses = {}

    def __exit__(self, *exc):
        LOCAL.losses = self._before


def unique(variables):
    """Variables, each once, in order."""
    return list({id(v): v for v in variables}.values())


def optimizers_of(model):
    """All optimizers that are attributes of the model or of layers inside it."""
    found = [p for layer in model._flatten_layers() for p in layer._parts()["optimizer"]]
    return unique(found)


def state_of(model, kind):
    """The variables that a step of ``kind`` ("train", "test", "predict") reads or changes."""
    found = [*model.trainable_variables, *model.non_trainable_variables]
    if kind == "predict":
        return unique(found)
    found += model.metrics_variables
    if kind == "train":
        for optimizer in optimizers_of(model):
            found += optimizer.variables
    return unique(found)


def takes_state(method):
    """Whether a user's step has the stateless form ``(self, state, data)``."""
    names = [
        p.name
        for p in inspect.signature(method).parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    ]
    return len(names) == 2


def step_function(model, kind):
    """``fn(data) -> logs`` (or predictions): the model's own step, whichever of the two forms it has."""
    method = getattr(model, f"{kind}_step")
    if not takes_state(method):
        return method
    groups = _state_groups(model, kind)

    def stateful(data):
        state = tuple([v.value for v in group] for group in groups)
        logs, new_state = method(state, data)
        for group, values in zip(groups, new_state, strict=False):
            for v, value in zip(group, values, strict=True):
                v.assign(value)
        return logs

    return stateful


def _state_groups(model, kind):
    """The state as the stateless form gets it: trainable, other, optimizer's (in training), metrics' variables."""
    groups = [model.trainable_variables, model.non_trainable_variables]
    if kind == "train":
        groups.append(model.optimizer.variables)
    if kind != "predict":
        groups.append(model.metrics_variables)
    return groups


def pure_step(model, kind, variables):
    """``pure(values, data, mask, count) -> (values, logs)``; mask and count say which rows are real (None: all)."""
    fn = step_function(model, kind)

    def step(data, mask=None, count=None):
        with fresh_losses():
            if mask is None:
                return fn(data)
            with RealRows(mask, count, mask.shape[0], repeated=True):
                return fn(data)

    return functionalize(step, variables)


def stand_ins(data, rows):
    """(specs, fill): specs of a batch of ``rows`` rows (None: all), and what nests a list of arrays like ``data``."""
    leaves = tree.flatten(data)
    specs = [
        Spec(x.shape if rows is None else (rows, *x.shape[1:]), standardize_dtype(x.dtype))
        for x in leaves
        if x is not None
    ]

    def fill(arrays):
        it = iter(arrays)
        return tree.unflatten_like(data, [None if x is None else next(it) for x in leaves])

    return specs, fill


def build_by_calling(model, specs, fill):
    """Make a model's weights by a call on stand-ins."""
    _run_on_stand_ins(lambda arrays: _call(model, fill(arrays)), specs)


def _call(model, inputs):
    return model(inputs, training=False) if model._signature.takes_training else model(inputs)


def build_by_running(model, kind, specs, fill):
    """Make every variable that a step needs by running it on stand-ins; what the run computes is thrown away."""
    fn = step_function(model, kind)
    _run_on_stand_ins(lambda arrays: fn(fill(arrays)), specs)


def _run_on_stand_ins(fn, specs):
    def run(arrays):
        with StateScope(), fresh_losses():
            fn(arrays)
        return ()

    dispatch.current().abstract_eval(run, specs)
