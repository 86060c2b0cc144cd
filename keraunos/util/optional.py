"""Optional packages: loaded on first use, with an error that says how to get them."""

import importlib
import sys


def require(package, *, who, extra=None, module=None):
    """Return the imported ``package`` (or ``module`` of it), or say which pip command installs it.

    ``who`` is the public name that needs the package, as the user wrote it.
    """
    try:
        return importlib.import_module(module or package)
    except ImportError as e:
        missing = e.name and e.name.split(".")[0]
        if missing not in (package, (module or package).split(".")[0]):
            raise
        command = f'pip install "keraunos[{extra}]"' if extra else f"pip install {package}"
        raise ImportError(
            f"{who} needs the package {package!r}, which is not installed. Install it with: {command}"
        ) from e


def loaded(package):
    """The package if it was already imported by someone, else None (a framework is never imported to test a type)."""
    return sys.modules.get(package)
