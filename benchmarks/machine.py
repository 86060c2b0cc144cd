"""What the figures depend on: the machine, Python, the packages, the time and the command."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("keraunos", "keras", "jax", "jaxlib", "numpy")


def facts(arguments: list[str], core: int | None) -> dict:
    """Facts for the head of the result files."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python", "benchmarks/run.py", *arguments]),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "pinned_to_core": core,
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "packages": {name: installed(name) for name in PACKAGES},
    }


def cpu_model() -> str:
    """The processor's name, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def installed(name: str) -> str | None:
    """A package's version; None if it is not installed (keraunos may run from the checkout)."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
