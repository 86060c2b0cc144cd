"""Values and gradients of stateful code, on any engine."""

import functools

from keraunos.backend import dispatch
from keraunos.backend.dtypes import is_float_dtype, standardize_dtype
from keraunos.core.scope import NotingScope
from keraunos.core.variable import Variable
from keraunos.ops.core import convert_to_tensor
from keraunos.train.nests import check_function, engine_of, own_losses, raw, split, with_arrays
from keraunos.util import tree
from keraunos.util.errors import describe


def value_and_grad(fn, variables=None, has_aux=False, argnums=0, scale=None):
    """The value of a function and its gradients, ∂fn/∂variables or ∂fn/∂arguments.

    With ``variables``, ``fn()`` is called now and the result returned; without, a function of the same arguments is returned, which
    gives the value and the gradients with respect to the arguments at ``argnums``. What ``fn`` changes in other variables (statistics,
    seeds) is kept. Works inside other gradients, and inside compiled programs.

    Args:
        fn: function that returns a float scalar, or ``(scalar, aux)`` with ``has_aux``; it takes no arguments where ``variables`` are
            given.
        variables: list of ``Variable``. What ``fn`` doesn't depend on has a gradient of zeros.
        has_aux: whether ``fn`` returns something beside the scalar.
        argnums: place of the argument to differentiate by, or a tuple of places; an argument may be a nest of arrays.
        scale: function applied to the scalar before the gradient is taken (loss scaling); the value returned is unscaled.

    Returns:
        ``(value, gradients)``, or ``((value, aux), gradients)`` with ``has_aux``; or the function that returns it. Gradients are a
        list like ``variables``, or nested like the argument (a tuple of nests for a tuple of places).

    **Shape:** each gradient has the shape of what it is the gradient of.

    Raises:
        ValueError: ``fn`` returned no float scalar; it read none of the variables; it assigned one of them; an argument isn't float.
        TypeError: ``variables`` are not variables.
        RuntimeError: the engine takes no gradients.

    >>> import keraunos as keras
    >>> v = keras.Variable(3.0)
    >>> value, (gradient,) = keras.value_and_grad(lambda: v * v, [v])
    >>> float(value), float(gradient)
    (9.0, 6.0)
    >>> value, gradient = keras.value_and_grad(lambda x: x**3)(2.0)
    >>> float(value), float(gradient)
    (8.0, 12.0)
    """
    who = "value_and_grad"
    check_function(fn, who)
    if variables is None:
        return _of_arguments(who, fn, argnums, has_aux, scale)
    return _of_variables(who, fn, variables, has_aux, scale)


def grad(fn, variables=None, has_aux=False, argnums=0):
    """The gradients of a function: ``value_and_grad`` without the value.

    Args:
        fn, variables, has_aux, argnums: as for ``value_and_grad``.

    Returns:
        The gradients, or ``(gradients, aux)`` with ``has_aux``; or, without ``variables``, the function that returns them.

    **Shape:** each gradient has the shape of what it is the gradient of.

    Raises:
        ValueError, TypeError, RuntimeError: as ``value_and_grad``.

    >>> import keraunos as keras
    >>> second = keras.grad(keras.grad(lambda x: x**3))
    >>> float(second(2.0))
    12.0
    """
    who = "grad"
    check_function(fn, who)
    if variables is not None:
        return _without_value(_of_variables(who, fn, variables, has_aux), has_aux)
    both = _of_arguments(who, fn, argnums, has_aux)
    return functools.wraps(fn)(lambda *args, **kwargs: _without_value(both(*args, **kwargs), has_aux))


def _without_value(found, has_aux):
    value, gradients = found
    return (gradients, value[1]) if has_aux else gradients


def _of_variables(who, fn, variables, has_aux, scale=None):
    """Value and gradients of ``fn()`` with respect to variables."""
    if not isinstance(variables, (list, tuple)) or not all(isinstance(v, Variable) for v in variables):
        raise TypeError(
            f"{who}: variables must be a list of Variables, got {describe(variables)}. The place of an argument goes by name: "
            f"{who}(fn, argnums=1)."
        )
    for v in variables:
        if not is_float_dtype(v._dtype):
            raise ValueError(f"{who}: variables must be of a float dtype, {v.path!r} is {v._dtype}.")
    engine = variables[0].engine if variables else dispatch.current()
    for v in variables:
        if v.engine is not engine:
            raise dispatch.mixed(who, engine, v.engine)
    return _differentiate(who, engine, lambda _: fn(), [v._plain() for v in variables], variables, has_aux, scale)


def _of_arguments(who, fn, argnums, has_aux, scale=None):
    """A function of the same arguments as ``fn``: its value, and its gradients with respect to those at ``argnums``."""
    places = argnums if isinstance(argnums, tuple) else (argnums,)
    if not all(type(i) is int for i in places):
        raise TypeError(f"{who}: argnums must be an integer or a tuple of integers, got {argnums!r}.")

    @functools.wraps(fn)
    def run(*args, **kwargs):
        for i in places:
            if not -len(args) <= i < len(args):
                raise ValueError(f"{who}: there is no argument {i} (argnums) among {len(args)} positional arguments.")
        engine = engine_of((args, kwargs), who)
        args, kwargs = with_arrays((args, kwargs), engine)
        with dispatch.use(engine.name):
            chosen = [tree.map_structure(lambda x, i=i: _float_array(who, x, i), args[i]) for i in places]
        arrays, fill = split(chosen, engine)

        def call(values):
            full = list(args)
            for i, value in zip(places, fill(values), strict=True):
                full[i] = value
            return fn(*full, **kwargs)

        value, gradients = _differentiate(who, engine, call, arrays, [], has_aux, scale)
        gradients = fill(gradients)
        return value, (tuple(gradients) if isinstance(argnums, tuple) else gradients[0])

    return run


def _float_array(who, x, place):
    """An array to differentiate by."""
    x = None if x is None else convert_to_tensor(raw(x))
    if x is None or not is_float_dtype(standardize_dtype(x.dtype)):
        raise ValueError(
            f"{who}: argument {place} must be a float array or a nest of such, got {describe(x)}. Convert it, or choose others by argnums."
        )
    return x


def _differentiate(who, engine, call, start, variables, has_aux, scale):
    """``call(values)`` and its gradients at the arrays ``start``; ``variables``, if there are any, show the values meanwhile."""
    changed, fill_aux = [], None

    def pure(values):
        nonlocal fill_aux
        with NotingScope(variables, values if variables else ()) as scope, own_losses():
            out = call(values)
            value, aux = _two(who, out) if has_aux else (out, None)
            value = _scalar(who, engine, value)
            aux, fill_aux = split(aux, engine)
        _check_reached(who, scope, variables)
        changed[:] = scope.written.values()
        return (value if scale is None else scale(value)), (value, aux, [scope.values[id(v)] for v in changed])

    (_, (value, aux, new)), gradients = engine.value_and_grad(pure)(start)
    for v, x in zip(changed, new, strict=True):
        v.assign(x)
    return ((value, fill_aux(aux)) if has_aux else value), gradients


def _two(who, out):
    if not isinstance(out, (tuple, list)) or len(out) != 2:
        raise ValueError(f"{who}: with has_aux the function must return (scalar, aux), got {describe(out)}.")
    return out


def _scalar(who, engine, value):
    """What the function returned, if that can be differentiated."""
    value = raw(value)
    if value is None or isinstance(value, (tuple, list, dict, str)):
        hint = " With a pair (scalar, aux), pass has_aux=True." if isinstance(value, (tuple, list)) else ""
        raise ValueError(f"{who}: the function must return a float scalar, got {describe(value)}.{hint}")
    value = engine.asarray(value)
    if tuple(value.shape) != ():
        raise ValueError(
            f"{who}: the function must return a scalar, got an array of shape {tuple(value.shape)}. Take its mean or sum."
        )
    if not is_float_dtype(standardize_dtype(value.dtype)):
        raise ValueError(f"{who}: the function must return a float scalar, got one of dtype {value.dtype}.")
    return value


def _check_reached(who, scope, variables):
    """An error where the gradients would mean nothing, or a value would be lost."""
    for v in variables:
        if id(v) in scope.written:
            raise ValueError(
                f"{who}: {v.path!r} is assigned inside the function that is differentiated with respect to it."
            )
    if variables and not any(id(v) in scope.seen for v in variables):
        raise ValueError(
            f"{who}: the function reads none of the variables ({', '.join(v.path for v in variables[:3])}"
            f"{', …' if len(variables) > 3 else ''}), so all gradients would be zero. Compute what depends on them inside the function: "
            "values that were taken from variables before are constants in it."
        )
