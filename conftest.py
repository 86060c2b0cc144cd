"""What every test and doctest of keraunos runs in: one engine, known seeds, settings as they were, its own home folder.

It stands at the top and not in `tests/`, because the doctests in `keraunos/` need the same.
"""

import importlib.metadata
import importlib.util
import os
import random
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
SEED = 1337

# Before anything imports a framework. Real Keras, the witness of tests/parity, runs on JAX; keraunos on --backend.
os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "PYTEST_XDIST_WORKER" in os.environ:  # workers share the cores: a pool of threads in each makes all of them slow
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Modules whose doctests need a package of an extra.
NEEDS = {
    "keraunos/backend/torch": "torch",
    "keraunos/backend/tensorflow": "tensorflow",
    "keraunos/layers/foreign.py": "torch",
    "keraunos/layers/torch_module_wrapper.py": "torch",
    "keraunos/layers/flax_layer.py": "flax",
}

# A setting that each test finds as the first one did, beside all of `keraunos.util.settings`: (module, reads, sets).
SETTINGS = (("keraunos.config", "dtype_policy", "set_dtype_policy"),)
# Called before each test with what follows the name: names of layers and seeds start afresh.
RESETS = (
    ("keraunos.utils", "clear_session", {"free_memory": False}),
    ("keraunos.utils", "set_random_seed", {"seed": SEED}),
    ("keras.utils", "clear_session", {"free_memory": False}),
    ("keras.utils", "set_random_seed", {"seed": SEED}),
)


def engines():
    """Names of the engines that are installed or declared in this checkout."""
    installed = {point.name for point in importlib.metadata.entry_points(group="keraunos.backends")}
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    return sorted(installed | set(declared["keraunos.backends"]))


def pytest_addoption(parser):
    parser.addoption("--backend", default="jax", choices=engines(), help="engine that keraunos runs on (default: jax)")


def pytest_configure(config):
    os.environ["KERAUNOS_BACKEND"] = config.getoption("--backend")
    # Nobody's ~/.keras/keras.json has a say, and nothing is written there.
    config.keras_home = tempfile.mkdtemp(prefix="keraunos-tests-")
    os.environ["KERAS_HOME"] = config.keras_home
    if importlib.util.find_spec("hypothesis"):
        from hypothesis import settings

        # The first example of a test compiles; and a suite that others rely on draws the same examples each time.
        settings.register_profile("keraunos", deadline=None, derandomize=True)
        settings.load_profile("keraunos")


def pytest_unconfigure(config):
    shutil.rmtree(config.keras_home, ignore_errors=True)


def left_out():
    """Modules whose doctests cannot run here -> the package that is missing."""
    return {path: package for path, package in NEEDS.items() if not importlib.util.find_spec(package)}


def pytest_report_header(config):
    lines = [f"keraunos on {config.getoption('--backend')}; Keras, where it is the witness, on jax"]
    missing = [f"{path} ({package} is not installed)" for path, package in left_out().items() if (ROOT / path).exists()]
    return lines + ([f"doctests left out: {', '.join(missing)}"] if missing else [])


def pytest_ignore_collect(collection_path):
    inside = collection_path.is_relative_to(ROOT) and collection_path.relative_to(ROOT).as_posix()
    return True if inside and any(inside.startswith(path) for path in left_out()) else None


# The sweeps compile a program or more for each row. `make test` runs every row's values, shapes, empty arrays and gradients; what
# compiles each row once more (jit, replayed nodes, engines side by side, the dtype matrix), and rows that take seconds, runs in
# `make test-all`.
SWEEPS = (
    "tests/ops/test_records.py",
    "tests/ops/test_errors.py",
    "tests/ops/test_array_api.py",
    "tests/parity/test_ops.py",
    "tests/backend/test_jax_conv.py",
    "tests/testing/test_conformance.py",
)
LONG_CHECKS = ("test_jit[", "test_node_replays[", "test_engines_agree[", "test_dtypes[")
LONG_ROWS = (
    "[image.",
    "[ctc_",
    "[istft",
    "[stft",
    "[associative_scan",
    "[adaptive_",
    "[fft",
    "[ifft",
    "[rfft",
    "[irfft",
)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "parity"):
            item.add_marker("parity")
        if any(item.path == ROOT / sweep for sweep in SWEEPS):
            item.add_marker("sweep")
            if item.name.startswith(LONG_CHECKS) or any(row in item.name for row in LONG_ROWS):
                item.add_marker("slow")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """On an engine that takes no gradients, a test that asks for them is skipped, and says so."""
    from keraunos.backend import get_engine
    from keraunos.backend.protocol import NoGradients

    try:
        return (yield)
    except NoGradients:
        if get_engine(item.config.getoption("--backend")).trains:
            raise
        pytest.skip("the engine takes no gradients")


@pytest.fixture
def engine(pytestconfig):
    """The engine that the suite runs on (`--backend`)."""
    from keraunos.backend import get_engine

    return get_engine(pytestconfig.getoption("--backend"))


def loaded(module, name):
    """`module.name` if its package has been imported and has it, else None: who uses no keraunos pays for no import."""
    if module.split(".")[0] not in sys.modules or importlib.util.find_spec(module) is None:
        return None
    return getattr(importlib.import_module(module), name, None)


@pytest.fixture(autouse=True)
def fresh_state(request, monkeypatch):
    """Seeds and counters start afresh, settings are put back; a doctest runs in an empty folder of its own."""
    random.seed(SEED)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(SEED)
    for module, name, arguments in RESETS:
        if reset := loaded(module, name):
            reset(**arguments)
    before = [(loaded(module, write), read()) for module, name, write in SETTINGS if (read := loaded(module, name))]
    switches = loaded("keraunos.util.settings", "_S")
    switched = dict(vars(switches)) if switches else {}
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.chdir(request.getfixturevalue("tmp_path"))
    yield
    if switches := loaded("keraunos.util.settings", "_S"):
        vars(switches).update(switched or vars(type(switches)()))
    for write, value in before:
        write(value)
