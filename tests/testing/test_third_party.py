"""An engine of another package is installed, found by its entry point, and passes the suite that `keraunos.testing` ships."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tests" / "engines" / "checked_numpy"

SUITE = """
import pytest

import keraunos as keras
from keraunos import ops
from keraunos.testing import EngineConformance


class TestCheckedNumpy(EngineConformance):
    engine_name = "checked_numpy"


def test_it_checks():
    from checked_numpy import LostDigits

    assert "checked_numpy" in keras.backend.engine_names()
    with keras.backend.use("checked_numpy"):
        assert ops.exp([1.0]).dtype == "float32"
        with pytest.raises(LostDigits, match="exp: float32 gives inf"):
            ops.exp([1.0, 100.0])


def test_it_can_fail():
    class Wrong(EngineConformance):
        engine_name = "checked_numpy"

    row = next(r for r in __import__("keraunos.testing.functions", fromlist=["ROWS"]).ROWS if r.name == "exp")
    with keras.backend.use("checked_numpy"), pytest.raises(AssertionError):
        Wrong().test_values(row._replace(want=lambda x: x))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the package installed by pip, offline."""
    pytest.importorskip("setuptools", reason="builds the package")
    folder = tmp_path_factory.mktemp("site")
    copy = tmp_path_factory.mktemp("source")  # a build leaves its traces beside the source
    for file in PACKAGE.iterdir():
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    command += ["--no-build-isolation", "--no-deps", "--no-compile", "--target", str(folder), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


def run(site, *arguments, **environment):
    """Python with the package installed."""
    paths = os.pathsep.join([str(site), str(ROOT)])
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "KERAUNOS"))}
    env = {**kept, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=240, env=env, cwd=site)


def test_an_installed_engine_is_found_and_conforms(site):
    (site / "test_suite.py").write_text(SUITE, encoding="utf-8")
    done = run(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "test_suite.py")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert "passed" in done.stdout and "failed" not in done.stdout


def test_an_installed_engine_is_chosen_by_name(site):
    code = "import keraunos as k; print(k.config.backend(), type(k.ops.ones((2,))).__name__, k.backend.engine_names())"
    done = run(site, "-c", code, KERAUNOS_BACKEND="checked_numpy")
    assert done.stdout.split()[:2] == ["checked_numpy", "ndarray"], done.stderr
    assert "'checked_numpy'" in done.stdout
