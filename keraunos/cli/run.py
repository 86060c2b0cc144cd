"""``keraunos run``: an unchanged Keras script, in which ``keras`` is keraunos."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import runpy
import sys
import types

import keraunos
from keraunos.util import settings
from keraunos.util.optional import require


class KerasFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Import hook: ``keras.X`` and ``tensorflow.keras.X`` are ``keraunos.X``."""

    prefixes = ("keras", "tensorflow.keras", "tf_keras")

    def find_spec(self, fullname, path=None, target=None):
        if fullname == "tensorflow":
            return importlib.machinery.ModuleSpec(fullname, TensorFlowLoader(), is_package=True)
        for prefix in self.prefixes:
            if fullname == prefix or fullname.startswith(prefix + "."):
                return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        name = spec.name
        prefix = next(p for p in self.prefixes if name == p or name.startswith(p + "."))
        rest = name[len(prefix) :]
        if rest.startswith(".src"):
            raise ImportError(
                f"{name}: keras.src is Keras's inside, which keraunos does not have. Import the public name instead."
            )
        try:
            module = importlib.import_module("keraunos" + rest)
        except ModuleNotFoundError as e:
            if e.name != "keraunos" + rest:
                raise
            raise ModuleNotFoundError(
                f"No module named {name!r} (keraunos has no {'keraunos' + rest!r})", name=name
            ) from None
        self._own_spec = getattr(self, "_own_spec", {})
        self._own_spec[name] = module.__spec__
        return module

    def exec_module(self, module):
        for name, spec in list(self._own_spec.items()):
            if sys.modules.get(name) is module or module.__spec__.name == name:
                module.__spec__ = spec


class TensorFlowLoader(importlib.abc.Loader):
    """``tensorflow`` as a script sees it: its ``keras`` is keraunos, all else is the real one, loaded when it is asked for."""

    def create_module(self, spec):
        return TensorFlowModule("tensorflow")

    def exec_module(self, module):
        module.__path__ = []


class TensorFlowModule(types.ModuleType):
    """See ``TensorFlowLoader``."""

    def __getattr__(self, name):
        if name == "keras":
            return keraunos
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_real_tensorflow(), name)


def _real_tensorflow():
    """The installed TensorFlow, with ``keras`` replaced."""
    ours = sys.modules.pop("tensorflow", None)
    finders = [f for f in sys.meta_path if isinstance(f, KerasFinder)]
    for f in finders:
        sys.meta_path.remove(f)
    try:
        real = require(
            "tensorflow", who="A script that uses more of tensorflow than tensorflow.keras", extra="tensorflow"
        )
    except ImportError:
        if ours is not None:
            sys.modules["tensorflow"] = ours
        raise
    finally:
        sys.meta_path[:0] = finders
    real.keras = keraunos
    return real


def install():
    """Make ``import keras`` mean keraunos in this process from now on; returns the function that undoes it.

    >>> from keraunos.cli.run import install
    >>> undo = install()
    >>> import keras
    >>> keras.__name__
    'keraunos'
    >>> undo()
    """
    finder = KerasFinder()
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_covered(name)}
    sys.meta_path.insert(0, finder)

    def undo():
        sys.meta_path.remove(finder)
        for name in [n for n in sys.modules if _is_covered(n)]:
            del sys.modules[name]
        sys.modules.update(before)

    return undo


def _is_covered(name):
    return name == "tensorflow" or any(name == p or name.startswith(p + ".") for p in KerasFinder.prefixes)


def traceback_from(path):
    """An ``excepthook`` whose tracebacks begin in the script: how it was started is none of its errors' business."""

    def hook(kind, error, trace):
        place = trace
        while place is not None and place.tb_frame.f_code.co_filename != path:
            place = place.tb_next
        if place is None and not (isinstance(error, SyntaxError) and error.filename == path):
            place = trace
        sys.__excepthook__(kind, error.with_traceback(place), place)

    return hook


def run_script(path, arguments=(), backend=None):
    """Execute a script as ``python path arguments...`` would, with keras being keraunos."""
    if backend is not None:
        os.environ["KERAS_BACKEND"] = backend
        settings.set_default_backend(backend)
    undo = install()
    argv, path0 = sys.argv, list(sys.path)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    try:
        return runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.argv, sys.path[:] = argv, path0
        undo()
