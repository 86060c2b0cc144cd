"""Which class a name in a configuration means.

Nothing is imported because a file says so: a name resolves to a class of keraunos that registered itself, or to one that the
user registered or passed in ``custom_objects``.
"""

import inspect
import threading

from keraunos.util.errors import near

_BUILTINS = {}  # (public module, name) -> class or function
_CUSTOM = {}  # registered name "package>Name" -> object
_CUSTOM_NAMES = {}  # object -> registered name
_LOCAL = threading.local()
_LOADERS = {}  # public module -> function that makes its classes register themselves


def builtin(module, name=None):
    """Class decorator: the class is ``module.name`` of the public API (``builtin("keras.layers")``)."""

    def register(obj):
        public = name or obj.__name__
        _BUILTINS[module, public] = obj
        if isinstance(obj, type):
            obj._public_module = module
            obj._public_name = public
        return obj

    return register


def set_loader(module, load):
    """Tell how the classes of a public module come to be defined; called once, when a name of it is looked up in vain."""
    _LOADERS[module] = load


def find_builtin(module, name):
    """The object that keraunos registered as ``module.name``, or None."""
    hit = _BUILTINS.get((module, name))
    if hit is None and module in _LOADERS:
        _LOADERS.pop(module)()
        hit = _BUILTINS.get((module, name))
    return hit


def builtin_names(module):
    """All names registered for a public module."""
    if module in _LOADERS:
        _LOADERS.pop(module)()
    return sorted(n for m, n in _BUILTINS if m == module)


def public_id(obj):
    """(module, name) under which a class of keraunos stands in files, or None for others' classes.

    A subclass of a class of keraunos is not that class: only the class itself counts.
    """
    cls = obj if isinstance(obj, type) else type(obj)
    if "_public_module" in cls.__dict__:
        return cls._public_module, cls._public_name
    return None


class CustomObjectScope:
    """Names that mean given classes or functions while the block runs.

    >>> import keraunos as keras
    >>> class Mine(keras.layers.Layer):
    ...     pass
    >>> with keras.saving.CustomObjectScope({"Mine": Mine}):
    ...     keras.saving.get_registered_object("Mine") is Mine
    True
    """

    def __init__(self, custom_objects):
        self.custom_objects = custom_objects or {}

    def __enter__(self):
        self._before = _scoped()
        _LOCAL.custom = {**self._before, **self.custom_objects}
        return self

    def __exit__(self, *exc):
        _LOCAL.custom = self._before


custom_object_scope = CustomObjectScope


def _scoped():
    return getattr(_LOCAL, "custom", {})


def get_custom_objects():
    """The global dict of names to custom classes and functions; change it in place.

    >>> import keraunos as keras
    >>> isinstance(keras.saving.get_custom_objects(), dict)
    True
    """
    return _CUSTOM


def register_keras_serializable(package="Custom", name=None):
    """Class or function decorator: files may name it as ``package>name``.

    >>> import keraunos as keras
    >>> @keras.saving.register_keras_serializable(package="doc")
    ... class Twice(keras.layers.Layer):
    ...     def call(self, x):
    ...         return 2 * x
    >>> keras.saving.get_registered_name(Twice)
    'doc>Twice'
    """

    def decorator(obj):
        registered = f"{package}>{name or obj.__name__}"
        if inspect.isclass(obj) and not hasattr(obj, "get_config"):
            raise ValueError(
                f"register_keras_serializable: the class {obj.__name__} must have a method get_config(), so that it can be "
                "written to a file; it has none."
            )
        _CUSTOM[registered] = obj
        _CUSTOM_NAMES[obj] = registered
        return obj

    return decorator


def get_registered_name(obj):
    """The registered name of a class or function, or its own name."""
    try:
        return _CUSTOM_NAMES.get(obj, obj.__name__)
    except TypeError:  # unhashable
        return obj.__name__


def get_registered_object(name, custom_objects=None, module_objects=None):
    """What ``name`` means: in the scope, the global registry, ``custom_objects``, ``module_objects``; else None."""
    for table in (_scoped(), _CUSTOM, custom_objects or {}, module_objects or {}):
        if name in table:
            return table[name]
    return None


def unknown(kind, name, module):
    """The error for a name that nothing registered."""
    names = builtin_names(module)
    return ValueError(
        f"Unknown {kind}: {name!r}.{near(name, names)} A class or function of your own must be registered with "
        "@keras.saving.register_keras_serializable() or passed in custom_objects."
    )
