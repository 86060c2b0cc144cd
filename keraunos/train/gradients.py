"""Values and gradients of stateful code, on any engine."""

from keraunos.backend import dispatch
from keraunos.core.scope import StateScope


def value_and_grad(fn, variables, has_aux=False, scale=None):
    """``fn()`` and its gradients with respect to ``variables``.

    What ``fn`` changes in other variables (statistics, seeds) is kept. Works inside other gradients and compiled programs.

    Args:
        fn: function without arguments that returns a scalar, or ``(scalar, aux)`` with ``has_aux``.
        variables: list of ``Variable``.
        scale: function applied to the scalar before the gradient is taken (loss scaling); the value returned is unscaled.

    Returns:
        (value, gradients), or ((value, aux), gradients) with ``has_aux``.

    Raises:
        ValueError: ``fn`` returned no scalar.

    >>> import keraunos as keras
    >>> v = keras.Variable(3.0)
    >>> value, (grad,) = keras.value_and_grad(lambda: v * v, [v])
    >>> float(value), float(grad)
    (9.0, 6.0)
    """
    variables = list(variables)
    engine = variables[0].engine if variables else dispatch.current()

    def pure(values):
        with StateScope(variables, values) as scope:
            out = fn()
            loss, aux = out if has_aux else (out, None)
            loss = engine.asarray(loss.__keraunos_value__() if hasattr(loss, "__keraunos_value__") else loss)
            if tuple(loss.shape) != ():
                raise ValueError(
                    f"value_and_grad: the function must return a scalar, got an array of shape {tuple(loss.shape)}. Take its mean or "
                    "sum."
                )
        own = {id(v) for v in variables}
        written = dict(scope.written)
        for key, v in written.items():
            if key in own:
                raise ValueError(
                    f"value_and_grad: {v.path!r} is assigned inside the function that is differentiated with respect to it."
                )
        changed.clear()
        changed.extend(written.values())
        scaled = loss if scale is None else scale(loss)
        return scaled, (loss, aux, [scope.values[id(v)] for v in changed])

    changed = []
    (_, (loss, aux, new)), gradients = engine.value_and_grad(pure)([v.value for v in variables])
    for v, value in zip(changed, new, strict=True):
        v.assign(value)
    return ((loss, aux), gradients) if has_aux else (loss, gradients)
