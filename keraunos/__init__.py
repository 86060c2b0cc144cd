"""keraunos: deep learning with the Keras API, several times faster where Keras wastes time, on any engine.

``import keraunos as keras`` and go on as before. Nothing is computed here and no engine is loaded: names come in on first use.
"""

import lazy_loader

from keraunos.release import __version__
from keraunos.util import rooms

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

rooms.register()

__all__ += ["__version__"]
