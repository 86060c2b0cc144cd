"""Python functions as code in configurations: refused unless the user trusts the file."""

import base64
import builtins
import marshal
import threading
import types

from keraunos.util import settings

_LOCAL = threading.local()
_LAMBDA_REFUSED = (
    "the configuration holds a Python lambda, that is, code that would run in this process; it is refused by default. "
    "If you trust where it comes from, pass safe_mode=False or call keras.config.enable_unsafe_deserialization()."
)


class SafeModeScope:
    """Whether configurations read in the block may carry code, whatever inner calls say."""

    def __init__(self, safe_mode=True):
        self.safe_mode = safe_mode

    def __enter__(self):
        self._before = getattr(_LOCAL, "safe_mode", None)
        _LOCAL.safe_mode = self.safe_mode
        return self

    def __exit__(self, *exc):
        _LOCAL.safe_mode = self._before


def scoped_safe_mode(otherwise):
    """What the innermost ``SafeModeScope`` says, or ``otherwise`` outside of any."""
    scope = getattr(_LOCAL, "safe_mode", None)
    return otherwise if scope is None else scope


def in_safe_mode():
    """Whether code in a configuration is refused here: True unless a scope or the process-wide setting allows it."""
    if settings.is_unsafe_deserialization_enabled():
        return False
    return scoped_safe_mode(True)


def check_code_allowed(what=None):
    """Raise ``ValueError`` where code in a configuration is refused; ``what`` names the object that carries it."""
    if in_safe_mode():
        raise ValueError((f"{what}: " if what else "") + _LAMBDA_REFUSED)


def lambda_to_code(fn):
    """(base64 of the compiled code, defaults, values of the closure) of a function."""
    closure = tuple(cell.cell_contents for cell in fn.__closure__) if fn.__closure__ else None
    code = base64.encodebytes(marshal.dumps(fn.__code__)).decode("ascii")
    return code, fn.__defaults__, closure


def code_to_lambda(code, defaults=None, closure=None):
    """The function of ``lambda_to_code``; ask ``check_code_allowed`` first, as it will run what came from outside."""
    try:
        compiled = marshal.loads(base64.b64decode(code))
    except (ValueError, EOFError, TypeError) as e:
        raise ValueError(
            f"The code of a lambda can't be read ({type(e).__name__}: {e}): it was written by another version of "
            "Python, or is damaged. Use a named, registered function instead."
        ) from e
    cells = None if closure is None else tuple(types.CellType(v) for v in closure)
    scope = {"__builtins__": builtins}
    return types.FunctionType(compiled, scope, compiled.co_name, None if defaults is None else tuple(defaults), cells)
