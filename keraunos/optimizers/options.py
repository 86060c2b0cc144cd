"""The arguments that all optimizers share, written once."""

import functools
import inspect


def _shared(
    weight_decay=None,
    clipnorm=None,
    clipvalue=None,
    global_clipnorm=None,
    use_ema=False,
    ema_momentum=0.99,
    ema_overwrite_frequency=None,
    loss_scale_factor=None,
    gradient_accumulation_steps=None,
    name=None,
):
    """What every constructor takes after its own arguments."""


SHARED = tuple(inspect.signature(_shared).parameters.values())


def takes_options(init=None, *, before=None):
    """Give a constructor that ends in ``**options`` the shared arguments, by place and by name.

    They stand after its own arguments, or before the one called ``before``; one that the constructor has itself stays its own.

    >>> import inspect
    >>> from keraunos.optimizers.options import takes_options
    >>> class Step:
    ...     @takes_options
    ...     def __init__(self, learning_rate, **options):
    ...         self.options = options
    >>> Step(0.1, 0.5).options["weight_decay"], list(inspect.signature(Step).parameters)[:3]
    (0.5, ['learning_rate', 'weight_decay', 'clipnorm'])
    """
    if init is None:
        return functools.partial(takes_options, before=before)
    *own, rest = inspect.signature(init).parameters.values()
    names = [p.name for p in own]
    at = len(own) if before is None else names.index(before)
    shared = [p for p in SHARED if p.name not in names]
    parameters = [*own[:at], *shared, *own[at:], rest.replace(name="kwargs")]
    signature = inspect.Signature(parameters)

    @functools.wraps(init)
    def __init__(self, *args, **kwargs):
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        init(given.pop("self"), **given.pop("kwargs"), **given)

    __init__.__signature__ = signature
    return __init__


def takes_any(cls):
    """Whether a class's constructor takes keyword arguments that it does not name."""
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(cls.__init__).parameters.values())


def require(optimizer, name, value, holds, what):
    """Raise ``ValueError`` unless a setting is a number of which ``holds`` is true."""
    try:
        good = not isinstance(value, (bool, str)) and bool(holds(value))
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ValueError(f"{type(optimizer).__name__}: {name} must be {what}, got {value!r}.")
