"""The whole suite that an engine has to pass."""

from keraunos.testing.basics import Basics, Errors, RandomNumbers
from keraunos.testing.functions import Functions
from keraunos.testing.programs import Programs
from keraunos.testing.training import Training


class EngineConformance(Basics, Errors, RandomNumbers, Functions, Programs, Training):
    """Tests of one engine: inherit, and set ``engine_name`` to the name that users write in ``set_backend``.

    Tests of gradients and of training are skipped for an engine whose ``trains`` is False. A test may be overridden where an engine
    differs for a reason, which its own text should then give.

    >>> from keraunos.testing import EngineConformance
    >>> class TestNumpy(EngineConformance):
    ...     engine_name = "numpy"
    """
