"""The settings behind ``keraunos.config``: float type, epsilon, image data format, default engine.

Read once from ``~/.keras/keras.json`` and the environment (``KERAS_BACKEND``, ``KERAUNOS_BACKEND``); nothing is written.
"""

import json
import os
import threading

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")


def _home():
    base = os.environ.get("KERAS_HOME")
    return base if base else os.path.join(os.path.expanduser("~"), ".keras")


def _read_file():
    try:
        with open(os.path.join(_home(), "keras.json"), encoding="utf-8") as f:
            found = json.load(f)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class _Settings:
    def __init__(self):
        stored = _read_file()
        self.floatx = stored.get("floatx") if stored.get("floatx") in _FLOATS else "float32"
        self.epsilon = float(stored.get("epsilon", 1e-7))
        fmt = stored.get("image_data_format")
        self.image_data_format = fmt if fmt in _FORMATS else "channels_last"
        env = os.environ.get("KERAUNOS_BACKEND") or os.environ.get("KERAS_BACKEND")
        # A keras.json made by Keras says "tensorflow" without anyone having chosen it, so the file counts only when it is ours.
        self.backend = env or stored.get("keraunos_backend") or "jax"
        self.max_epochs = _int_env("KERAS_MAX_EPOCHS")
        self.max_steps_per_epoch = _int_env("KERAS_MAX_STEPS_PER_EPOCH")
        self.interactive_logging = True
        self.traceback_filtering = True
        self.unsafe_deserialization = False
        self.flash_attention = None


def _int_env(name):
    text = os.environ.get(name)
    return int(text) if text else None


_S = _Settings()
_LOCAL = threading.local()
_DEPENDENTS = []  # called when what functions of arrays depend on has changed


def on_change(fn):
    """Have ``fn()`` called after each change of a setting in ``snapshot``."""
    _DEPENDENTS.append(fn)


def _set(name, value):
    setattr(_S, name, value)
    for fn in _DEPENDENTS:
        fn()


def floatx():
    """The default float type of weights and inputs: "float32" unless set otherwise.

    >>> import keraunos as keras
    >>> keras.config.floatx()
    'float32'
    """
    return _S.floatx


def set_floatx(value):
    """Set the default float type: one of "float16", "bfloat16", "float32", "float64"."""
    if value not in _FLOATS:
        raise ValueError(f"set_floatx: value must be one of {_FLOATS}, got {value!r}.")
    _set("floatx", str(value))


def epsilon():
    """The small number that keeps divisions and logarithms finite (1e-7)."""
    return _S.epsilon


def set_epsilon(value):
    """Set the fuzz factor."""
    _set("epsilon", float(value))


def image_data_format():
    """ "channels_last" or "channels_first"."""
    return _S.image_data_format


def set_image_data_format(data_format):
    """Set the default layout of images."""
    _set("image_data_format", standardize_data_format(data_format, who="set_image_data_format"))


def standardize_data_format(data_format, who="layer"):
    """The given layout checked, or the default one for None."""
    if data_format is None:
        return _S.image_data_format
    value = str(data_format).lower()
    if value not in _FORMATS:
        raise ValueError(f"{who}: data_format must be one of {_FORMATS}, got {data_format!r}.")
    return value


def backend():
    """The name of the engine that things made from nothing get: "jax" unless set otherwise.

    >>> import keraunos as keras
    >>> keras.config.backend()
    'jax'
    """
    return getattr(_LOCAL, "backend", None) or _S.backend


def set_default_backend(name):
    """Set the process-wide default (``keraunos.config.set_backend`` checks the name first)."""
    _S.backend = name


def push_backend(name):
    """Override the default in this thread; returns what stood there."""
    before = getattr(_LOCAL, "backend", None)
    _LOCAL.backend = name
    return before


def pop_backend(before):
    """Undo ``push_backend``."""
    _LOCAL.backend = before


def max_epochs():
    """Limit on epochs of any fit, or None."""
    return _S.max_epochs


def set_max_epochs(max_epochs):
    """Limit the epochs of every fit (None: no limit)."""
    _S.max_epochs = max_epochs


def max_steps_per_epoch():
    """Limit on steps per epoch of any fit, evaluate or predict, or None."""
    return _S.max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch):
    """Limit the steps per epoch of every fit, evaluate and predict (None: no limit)."""
    _S.max_steps_per_epoch = max_steps_per_epoch


def snapshot():
    """What functions of arrays depend on besides their arguments: a key for compiled programs and inferred shapes."""
    return _S.floatx, _S.image_data_format, _S.epsilon, _S.flash_attention


def enable_interactive_logging():
    """Progress goes to the terminal (the default)."""
    _S.interactive_logging = True


def disable_interactive_logging():
    """Progress goes to ``logging`` instead of the terminal."""
    _S.interactive_logging = False


def is_interactive_logging_enabled():
    """Whether progress goes to the terminal."""
    return _S.interactive_logging


def enable_traceback_filtering():
    """Kept for compatibility: keraunos shows errors of user code with few frames of its own."""
    _S.traceback_filtering = True


def disable_traceback_filtering():
    """See ``enable_traceback_filtering``."""
    _S.traceback_filtering = False


def is_traceback_filtering_enabled():
    """See ``enable_traceback_filtering``."""
    return _S.traceback_filtering


def enable_unsafe_deserialization():
    """Allow files to carry Python code (``Lambda`` layers) in this process. Only for files you trust."""
    _S.unsafe_deserialization = True


def is_unsafe_deserialization_enabled():
    """Whether files may carry Python code in this process."""
    return _S.unsafe_deserialization


def enable_flash_attention():
    """Use the engine's fused attention where it has one."""
    _set("flash_attention", True)


def disable_flash_attention():
    """Never use fused attention."""
    _set("flash_attention", False)


def is_flash_attention_enabled():
    """True, False, or None when nothing was set."""
    return _S.flash_attention


def is_nnx_enabled():
    """Always False: keraunos has no NNX mode."""
    return False
