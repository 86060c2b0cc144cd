"""The order of the house: imports go down and stand at the top, files have one subject, import loads no engine."""

import importlib.util
import random
import subprocess
import sys
import tomllib

import pytest

from keraunos.util import settings
from tools import house, loc

PROJECT = tomllib.loads((house.REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGE = house.REPO / "keraunos"


def report(problems: list[str]) -> str:
    """The problems, one a line, with paths from the top of the repository."""
    return "\n" + "\n".join(p.replace(f"{house.REPO}/", "") for p in problems)


@pytest.mark.parametrize("check", [house.upward, house.hidden, house.strayed, house.long_files, house.stale])
def test_the_package_keeps(check):
    problems = check(PACKAGE)
    assert not problems, report(problems)


def test_no_source_names_a_path_of_one_machine():
    sources = house.sources(house.REPO)
    assert house.REPO / "tests" / "test_house.py" in sources
    problems = house.machine_paths(sources)
    assert not problems, report(problems)


def test_every_room_of_the_package_has_its_floor():
    rooms = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert not {r for r in rooms if house.room(f"keraunos.{r}") is None and r != "__init__"}


def test_no_room_has_two_floors():
    names = [name for line in house.ROOMS for name in line.split()]
    assert len(names) == len(set(names))


# -- the checks can fail: one broken line each, in a tree that is otherwise in order --------------------------------

SOUND = {
    "__init__.py": "from keraunos import layers\n",
    "util/__init__.py": "",
    "util/tree.py": "import json\n",
    "ops/__init__.py": "from keraunos.util import tree\nfrom . import numpy\n",
    "ops/numpy.py": "def f(x):\n    import torch\n    return x\n",
    "losses/__init__.py": "from ..ops import numpy\n",
    "metrics/__init__.py": "import keraunos.ops.numpy as N\n",
    "layers/__init__.py": "from keraunos.losses import x\n",
    "layers/__init__.pyi": "from .core import Dense\n",
    "layers/core.py": "from .. import ops, metrics\n",
}

BROKEN = [
    # check, file, its text, line, what the message names
    ("upward", "ops/numpy.py", "import keraunos.layers\n", 1, "room 'layers', above"),
    ("upward", "ops/numpy.py", "\nfrom keraunos.layers.core import Dense\n", 2, "keraunos.layers.core"),
    ("upward", "ops/numpy.py", "from keraunos import util, layers\n", 1, "room 'layers', above"),
    ("upward", "ops/numpy.py", "from ..layers import core\n", 1, "keraunos.layers.core"),
    ("upward", "ops/numpy.py", "import keraunos\n", 1, "room '__init__', above"),
    ("upward", "ops/numpy.py", "from .. import Model\n", 1, "room '__init__', above"),
    ("upward", "ops/numpy.py", "def f():\n    import keraunos.layers\n", 2, "room 'layers', above"),
    (
        "upward",
        "ops/numpy.py",
        "import importlib\nm = importlib.import_module('keraunos.layers')\n",
        2,
        "'layers', above",
    ),
    ("upward", "ops/numpy.py", "import lazy_loader\nm = lazy_loader.load('keraunos.layers')\n", 2, "'layers', above"),
    ("upward", "ops/numpy.py", "if TYPE_CHECKING:\n    from keraunos.layers import core\n", 2, "'layers', above"),
    ("upward", "ops/__init__.pyi", "from ..layers import core as core\n", 1, "room 'layers', above"),
    ("upward", "optimizers/__init__.py", "from keraunos.losses import x\n", 1, "room 'losses', beside"),
    ("upward", "attic/__init__.py", "from keraunos.util import tree\n", 1, "keraunos.attic lies in no room"),
    ("upward", "ops/numpy.py", "import keraunos.attic\n", 1, "keraunos.attic lies in no room"),
    (
        "hidden",
        "ops/numpy.py",
        "def f():\n    from keraunos.util import tree\n",
        2,
        "keraunos.util.tree is imported inside f()",
    ),
    ("hidden", "ops/numpy.py", "def f():\n    import json\n", 2, "json is imported inside f()"),
    ("hidden", "ops/numpy.py", "class A:\n    async def g(self):\n        import json\n", 3, "inside g()"),
    (
        "hidden",
        "ops/numpy.py",
        "def f():\n    if x:\n        return __import__('json')\n",
        3,
        "json is imported inside f()",
    ),
    ("hidden", "ops/numpy.py", "import importlib\nm = importlib.import_module(name)\n", 2, "known at run time only"),
    ("strayed", "ops/numpy.py", "import jax.numpy as jnp\n", 1, "jax.numpy is imported outside keraunos.backend.jax"),
    ("strayed", "ops/numpy.py", "def f():\n    from jax import lax\n", 2, "jax is imported outside"),
    ("long_files", "ops/numpy.py", "x = 1\n" * (house.MAX_LINES + 1), house.MAX_LINES + 1, "divide it"),
]


@pytest.fixture
def tree(tmp_path):
    """Writes a package `keraunos` in order, with some of its files replaced, and returns its folder."""

    def write(files):
        for name, text in (SOUND | files).items():
            path = tmp_path / "keraunos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "keraunos"

    return write


@pytest.mark.parametrize("check", ["upward", "hidden", "strayed", "long_files"])
def test_a_sound_tree_passes(check, tree):
    assert getattr(house, check)(tree({})) == []


@pytest.mark.parametrize(("check", "name", "text", "line", "said"), BROKEN)
def test_a_broken_line_is_caught(check, name, text, line, said, tree):
    package = tree({name: text})
    (problem,) = getattr(house, check)(package)
    assert problem.startswith(f"{package / name}:{line}: ")
    assert said in problem.replace("which lies in ", "").replace("stands ", "")


def test_an_exception_is_honoured_and_an_unused_one_reported(tree, monkeypatch):
    monkeypatch.setattr(house, "DYNAMIC_IMPORTS", {})
    monkeypatch.setattr(house, "ARROW_EXCEPTIONS", {("keraunos.ops.numpy", "keraunos.layers"): "to show it"})
    broken = {"ops/numpy.py": "from keraunos.layers import core\nimport keraunos.losses\n"}
    (problem,) = house.upward(tree(broken))
    assert "keraunos.losses" in problem
    assert house.stale(tree(broken)) == []
    (problem,) = house.stale(tree({}))
    assert "ARROW_EXCEPTIONS" in problem and "keraunos.ops.numpy" in problem


def test_a_dotted_room_may_stand_lower_than_the_rest_of_its_package(tree, monkeypatch):
    monkeypatch.setattr(house, "ROOMS", ("util", "layers.base", "ops", "losses metrics", "layers", "__init__"))
    files = {"layers/base.py": "from ..util import tree\n", "ops/numpy.py": "from keraunos.layers import base\n"}
    assert house.upward(tree(files)) == []
    (problem,) = house.upward(tree(files | {"layers/base.py": "from . import core\n"}))
    assert "room 'layers.base' imports keraunos.layers.core" in problem


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("open('{}/x')", True),
        ("see {} for it", True),
        ("`{}/main/keraunos`", True),
        ("net{}", False),
        ("https:/{}.example", False),
        ("{}shop", False),
        ("$HOME{}", False),
    ],
)
def test_paths_of_a_machine_are_found(text, found, tmp_path):
    for folder in ("work", "tmp"):
        path = tmp_path / "a.py"
        path.write_text("x = 1\n" + text.format("/" + folder) + "\n", encoding="utf-8")
        problems = house.machine_paths([path])
        assert [p.startswith(f"{path}:2: ") for p in problems] == [True] * found


# -- importing ------------------------------------------------------------------------------------------------------

NOT_AT_IMPORT = "jax jaxlib torch tensorflow keras h5py rich typer matplotlib sklearn pandas scipy optree PIL".split()


def fresh(code: str) -> str:
    """What a new Python process prints."""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=house.REPO, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_no_engine_and_nothing_heavy():
    assert importlib.util.find_spec("keraunos").origin, "keraunos has no __init__.py"
    loaded = fresh("import keraunos, sys; print(*sorted({m.partition('.')[0] for m in sys.modules}))").split()
    assert "keraunos" in loaded
    assert not set(NOT_AT_IMPORT) & set(loaded)


def test_the_fresh_process_would_show_a_heavy_import():
    assert "h5py" in fresh("import h5py, sys; print(*{m.partition('.')[0] for m in sys.modules})").split()


# -- packaging ------------------------------------------------------------------------------------------------------


def test_version_is_the_packages():
    assert fresh("import keraunos; print(keraunos.__version__)") == PROJECT["version"]


@pytest.mark.parametrize(
    "target", [*PROJECT["scripts"].values(), *PROJECT["entry-points"]["keraunos.backends"].values()]
)
def test_entry_points_exist(target):
    module, _, name = target.partition(":")
    assert fresh(f"import {module}; print({module}.{name} is not None)") == "True"


def test_the_package_is_typed():
    assert (PACKAGE / "py.typed").is_file()


@pytest.fixture
def conftest(pytestconfig):
    """The module conftest.py at the top; its name in sys.modules depends on what else was collected."""
    return next(p for p in pytestconfig.pluginmanager.get_plugins() if hasattr(p, "RESETS"))


def test_each_test_starts_from_the_same_state(conftest):
    """The table of resets in conftest.py names functions that exist (it passes over what is not loaded)."""
    for module, name, *_ in [row for row in conftest.RESETS + conftest.SETTINGS if row[0].startswith("keraunos")]:
        assert hasattr(importlib.import_module(module), name), f"conftest.py resets {module}.{name}, which is missing"


@pytest.mark.parametrize("after", ["nothing", "a test that changed everything"])
def test_what_a_test_changes_is_put_back(after, conftest):
    assert settings.floatx() == "float32" and settings.image_data_format() == "channels_last"
    assert settings.epsilon() == 1e-7 and settings.backend() != "nobody"
    assert random.random() == random.Random(conftest.SEED).random()
    settings.set_floatx("float16")
    settings.set_epsilon(1.0)
    settings.set_image_data_format("channels_first")
    settings.set_default_backend("nobody")


# -- counting lines -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("", 0),
        ("\n# only a comment\n\n", 0),
        ('"""Of the module."""\n', 0),
        ("x = 1  # why\n\ny = 2\n", 2),
        ('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n', 2),
        ('class A:\n    "Doc."\n    x = """\n    data\n    """\n', 4),
        ("f(\n    1,\n    # a comment\n    2,\n)\n", 4),
        ('def f(): "κ"\n', 1),
        ("if x:\n    pass\n    'not a docstring'\n", 3),
    ],
)
def test_code_lines(source, lines):
    assert loc.code_lines(source) == lines


def test_the_table_adds_up(tmp_path):
    package = tmp_path / "keraunos"
    (package / "ops").mkdir(parents=True)
    (package / "__init__.py").write_text('"""Doc."""\n\nx = 1\n', encoding="utf-8")
    (package / "ops" / "a.py").write_text("x = 1\ny = 2\n", encoding="utf-8")
    (package / "ops" / "b.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "t.py").write_text("x = 1\n" * 1200, encoding="utf-8")
    rows = [line.split() for line in loc.table(tmp_path).splitlines() if not line.startswith("-")]
    assert rows == [
        ["room", "files", "code"],
        ["ops", "2", "3"],
        ["__init__", "1", "1"],
        ["keraunos", "in", "all", "3", "4"],
        ["tests", "1", "1,200"],
    ]
    assert len({len(line) for line in loc.table(tmp_path).splitlines()}) == 1
