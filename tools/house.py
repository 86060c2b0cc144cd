"""The order of the rooms, as data, and the checks that hold it: `python tools/house.py` prints what breaks it.

A room is a module or package directly under `keraunos/`, or a dotted part of one (`saving.registry`) where a part
stands lower than the rest. `tests/test_house.py` runs these checks, and shows on made-up trees that they can fail.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPO = Path(__file__).resolve().parents[1]

# From the ground floor upwards, one floor a line. A room may import itself and what lies on lower floors; rooms of one
# floor do not know each other. The longest matching name counts.
ROOMS = (
    "util",
    "release",
    "backend",
    "ops",
    "core",
    "tree dtype_policies config",
    "random",
    "distribution",
    "activations initializers regularizers constraints",
    "losses optimizers quantizers",
    "metrics",
    "mixed_precision",
    "layers",
    "saving",
    "callbacks data",
    "train",
    "models",
    "utils",
    "testing",
    "applications datasets distillation export legacy preprocessing visualization wrappers",
    "measure objectives programs",
    "tune",
    "auto",
    "__init__",
    "cli",
    "__main__",
)

# (module, imported module or a package it lies in) -> why this one import may break the order.
ARROW_EXCEPTIONS: dict[tuple[str, str], str] = {}

# Third-party packages that may be imported inside a function: heavy or optional, so loaded on first use.
ON_FIRST_USE = frozenset(
    "IPython PIL grain h5py jax jaxlib matplotlib ml_dtypes onnx onnxruntime optree optuna pandas polars pyarrow pydot "
    "ray rich safetensors scipy sklearn sympy tensorboard tensorflow torch typer".split()
)

# Modules that import by a name known at run time only -> what they load.
DYNAMIC_IMPORTS = {
    "keraunos.util.optional": "optional third-party packages, for the caller who names one",
    "keraunos.backend.dispatch": "the engine that the user names",
    "keraunos.util.rooms": "the fixed table of rooms whose classes configurations may name",
    "keraunos.cli.run": "keraunos under the name of keras, in a script that is run",
}

# Packages that one place alone may import; everything else reaches them through the engine.
HOMES = {"jax": "keraunos.backend.jax", "jaxlib": "keraunos.backend.jax"}

MAX_LINES = 600
LONG_FILES: dict[str, str] = {}  # path -> why it is one subject all the same

# Paths of somebody's machine do not belong in sources. (Written so that this line is not one.)
MACHINE_PATH = re.compile(r"(?<![\w.~/}$-])/(?:work|tmp)(?![\w-])")
SOURCES = frozenset(".py .pyi .toml .md .yml .yaml .txt .cfg .ipynb .json .css .html .js .sh .svg".split())


class Import(NamedTuple):
    """One import: where it stands, what it names, and whether it stands inside a function."""

    module: str
    path: Path
    line: int
    target: str  # dotted name; "" where only run time knows it
    inside: str  # name of the function around it, or ""

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}"


def rank(room_of_name: str) -> int:
    """The floor of a room, counted from the bottom."""
    return next(i for i, line in enumerate(ROOMS) if room_of_name in line.split())


def room(module: str) -> str | None:
    """The room that a dotted module name lies in, None when the table has none."""
    parts = module.split(".")[1:] or ["__init__"]
    names = {name for line in ROOMS for name in line.split()}
    return next((n for n in (".".join(parts[:k]) for k in range(len(parts), 0, -1)) if n in names), None)


def modules(package: Path) -> Iterator[tuple[str, Path]]:
    """(dotted name, file) of every source and stub of a package."""
    for path in sorted(p for p in package.rglob("*.py*") if p.suffix in (".py", ".pyi")):
        parts = (package.name, *path.relative_to(package).with_suffix("").parts)
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(package: Path) -> Iterator[Import]:
    """Every import of a package, those by `importlib.import_module` and `lazy_loader.load` included."""
    for module, path in modules(package):
        base = module if path.stem == "__init__" else module.rpartition(".")[0]
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for node, inside in _walk(tree, ""):
            for target in _targets(node, base, package):
                yield Import(module, path, node.lineno, target, inside)


def _walk(node: ast.AST, inside: str) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    """Every statement and expression with the name of the function around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.expr):
            yield child, inside
        yield from _walk(child, child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else inside)


def _targets(node: ast.AST, base: str, package: Path) -> list[str]:
    """Dotted names that one node imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        source = _absolute(node.module or "", node.level, base)
        return sorted({_submodule(source, alias.name, package) for alias in node.names})
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = getattr(getattr(node.func, "value", None), "id", "")
        if name in ("import_module", "__import__") or (name == "load" and owner in ("lazy", "lazy_loader")):
            first = node.args[0] if node.args else None
            if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                return [""]
            return [_absolute(first.value.lstrip("."), len(first.value) - len(first.value.lstrip(".")), base)]
    return []


def _absolute(name: str, level: int, base: str) -> str:
    """`from ..name` seen from the package `base`, as a dotted name from the top."""
    if not level:
        return name
    above = base.split(".")
    above = above[: len(above) - level + 1]
    return ".".join([*above, name] if name else above)


def _submodule(source: str, name: str, package: Path) -> str:
    """`source.name` where that is a module of the package or a room, else `source`."""
    if source.split(".")[0] != package.name:
        return source
    path = package.joinpath(*source.split(".")[1:], name)
    is_module = path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
    is_room = source == package.name and room(f"{source}.{name}") is not None
    return f"{source}.{name}" if is_module or is_room else source


def _excused(found: Import) -> tuple[str, str] | None:
    """The exception that covers an import, if there is one."""
    for module, target in ARROW_EXCEPTIONS:
        if found.module == module and (found.target == target or found.target.startswith(target + ".")):
            return module, target
    return None


def upward(package: Path) -> list[str]:
    """Imports that go up, or sideways between rooms of one line."""
    problems = []
    for found in imports(package):
        problem = _arrow_problem(found, package.name)
        if problem and not _excused(found):
            problems.append(f"{found.where}: {problem}")
    return problems


def _arrow_problem(found: Import, package: str) -> str | None:
    if found.target.split(".")[0] != package:
        return None
    here, there = room(found.module), room(found.target)
    if here is None or there is None:
        stray = found.module if here is None else found.target
        return f"{stray} lies in no room of the table ROOMS in tools/house.py: give it a place there"
    if here == there or rank(there) < rank(here):
        return None
    stands = "beside" if rank(there) == rank(here) else "above"
    return (
        f"room {here!r} imports {found.target}, which lies in room {there!r}, {stands} it. "
        "Move what both need down, pass it in, or use a registry"
    )


def hidden(package: Path) -> list[str]:
    """Imports inside functions, except of packages that are heavy or optional; imports of names made at run time."""
    problems = []
    for found in imports(package):
        if not found.target:
            if found.module not in DYNAMIC_IMPORTS:
                problems.append(
                    f"{found.where}: imports a name that is known at run time only. Write the name out, or enter the "
                    "module with its reason in DYNAMIC_IMPORTS in tools/house.py"
                )
        elif found.inside and found.target.split(".")[0] not in ON_FIRST_USE:
            problems.append(
                f"{found.where}: {found.target} is imported inside {found.inside}(). Import it at the top of the file; "
                "only heavy or optional third-party packages (ON_FIRST_USE in tools/house.py) are loaded on first use"
            )
    return problems


def strayed(package: Path) -> list[str]:
    """Imports of an engine's framework outside the engine."""
    problems = []
    for found in imports(package):
        home = HOMES.get(found.target.split(".")[0])
        if home and found.module != home and not found.module.startswith(home + "."):
            problems.append(f"{found.where}: {found.target} is imported outside {home}; use what the engine offers")
    return problems


def stale(package: Path) -> list[str]:
    """Exceptions that nothing needs any more."""
    found = list(imports(package))
    used = {_excused(i) for i in found if _arrow_problem(i, package.name)}
    dynamic = {i.module for i in found if not i.target}
    long = {path for path in LONG_FILES if _lines(package.parent / path) > MAX_LINES}
    tables: dict[str, set] = {
        "ARROW_EXCEPTIONS": set(ARROW_EXCEPTIONS) - used,
        "DYNAMIC_IMPORTS": set(DYNAMIC_IMPORTS) - dynamic,
        "LONG_FILES": set(LONG_FILES) - long,
    }
    return [f"{name} in tools/house.py: {key} is needed by nothing" for name, keys in tables.items() for key in keys]


def long_files(package: Path) -> list[str]:
    """Files of more than MAX_LINES lines."""
    return [
        f"{path}:{MAX_LINES + 1}: {lines} lines, at most {MAX_LINES}: it has more than one subject, divide it"
        for _, path in modules(package)
        if path.suffix == ".py"
        and (lines := _lines(path)) > MAX_LINES
        and path.relative_to(package.parent).as_posix() not in LONG_FILES
    ]


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else 0


def machine_paths(files: list[Path]) -> list[str]:
    """Lines that name a path of the machine they were written on."""
    return [
        f"{path}:{number}: names a path of one machine: {line.strip()[:80]}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]


def sources(repo: Path) -> list[Path]:
    """Text files of the repository that git tracks or would track; without git, those of the source distribution."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=repo, capture_output=True, text=True) if (repo / ".git").exists() else None
    if listed is not None and listed.returncode == 0:
        paths = [repo / name for name in listed.stdout.split("\0") if name]
    else:
        folders = ("keraunos", "tests", "tools", "benchmarks", "examples", "docs")
        paths = [p for folder in folders for p in (repo / folder).rglob("*")]
    named = (p for p in paths if p.suffix in SOURCES or p.name in ("Makefile", "run"))
    return sorted(p for p in named if p.is_file())


def problems(repo: Path) -> list[str]:
    """Everything that breaks the order of this repository."""
    package = repo / "keraunos"
    checks = (upward, hidden, strayed, long_files, stale)
    return [p for check in checks for p in check(package)] + machine_paths(sources(repo))


def main() -> int:
    """Print the problems; 1 when there are any."""
    found = problems(REPO)
    for problem in found:
        print(problem.replace(f"{REPO}/", ""))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
