"""The command line: ``keraunos run | demo | show | info``."""

from keraunos.cli.main import main

__all__ = ["main"]
