"""Lines of code by room: no blank lines, comments or docstrings. `python tools/loc.py`"""

import ast
import io
import sys
import tokenize
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
BESIDE = ("tests", "benchmarks", "examples", "tools")  # shown under the total, not part of it

Place = tuple[int, int]  # line, column

_SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    """The number of lines that carry code; a string of several lines counts in full, a docstring not at all.

    >>> code_lines('def f():  # one\\n    "doc"\\n\\n    return 1  # two\\n')
    2
    """
    docs = _docstrings(ast.parse(source))
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in _SILENT or any(start <= token.start < end for start, end in docs):
            continue
        lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines)


def _docstrings(tree: ast.AST) -> list[tuple[Place, Place]]:
    """(start, end) of each docstring."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                doc = node.body[0]
                end = (doc.end_lineno or doc.lineno, doc.end_col_offset or 0)
                found.append(((doc.lineno, doc.col_offset), end))
    return found


def count(folder: Path) -> tuple[int, int]:
    """(files, code lines) of the Python files under a folder, or of one file."""
    paths = [folder] if folder.is_file() else sorted(folder.rglob("*.py"))
    return len(paths), sum(code_lines(p.read_text(encoding="utf-8")) for p in paths)


def rooms(package: Path) -> dict[str, tuple[int, int]]:
    """Room -> (files, code lines), the largest first."""
    entries = [p for p in package.iterdir() if p.suffix == ".py" or (p.is_dir() and any(p.rglob("*.py")))]
    return dict(sorted(((p.stem, count(p)) for p in entries), key=lambda row: (-row[1][1], row[0])))


def table(repo: Path) -> str:
    """The aligned table: rooms, total, and what stands beside the package."""
    inside = rooms(repo / "keraunos")
    total = tuple(map(sum, zip(*inside.values(), strict=True))) or (0, 0)
    beside = {name: count(repo / name) for name in BESIDE if (repo / name).is_dir()}
    rows = [*inside.items(), ("keraunos in all", total), *beside.items()]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {files:>5,}  {code:>7,}" for name, (files, code) in rows]
    rule = "-" * (width + 16)
    head = f"{'room':<{width}}  {'files':>5}  {'code':>7}"
    return "\n".join([head, rule, *lines[: len(inside)], rule, *lines[len(inside) :]])


def main() -> int:
    """Print the table."""
    print(table(REPO))
    return 0


if __name__ == "__main__":
    sys.exit(main())
