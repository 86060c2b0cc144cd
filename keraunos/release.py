"""The version."""

__version__ = "0.1.0"


def version():
    """The version of keraunos.

    >>> import keraunos as keras
    >>> keras.version() == keras.__version__
    True
    """
    return __version__
