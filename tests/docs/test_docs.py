"""Every example of README.md and docs/ runs and prints what the page says it prints; links lead somewhere.

Blocks of a page run in order in one namespace and one empty folder:

- ```python runs here. A comment behind a `print(...)` is what that prints ("..." stands for anything; words after a
  comma are the reader's). A ```text block right below is all that the block above prints.
- ```python title="FILE" is written to the file.
- ```console runs its lines `$ keraunos ...` and is followed by what they print; other commands are for the reader.
"""

import ast
import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

REPO = Path(__file__).resolve().parents[2]
PAGES = [REPO / "README.md", *sorted((REPO / "docs").glob("*.md"))]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"^```(\w*)[ ]*(.*?)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language, what else stands behind the fence, its text, where the text begins."""

    language: str
    rest: str
    text: str
    line: int
    follows: bool  # nothing but white space between it and the block before

    @property
    def file(self):
        """The file that the block is, or None."""
        found = re.search(r'title="([^"]+)"', self.rest)
        return found and found[1]


def blocks(page):
    """The fenced blocks of a page in order."""
    found, end = [], 0
    for match in FENCE.finditer(page):
        line = page.count("\n", 0, match.start(3))
        found.append(Block(match[1], match[2], match[3], line, bool(found) and not page[end : match.start()].strip()))
        end = match.end()
    return found


def promised(code):
    """The comments behind calls of print, in order."""
    ends = {
        node.end_lineno: node.end_col_offset
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    lines = code.encode().splitlines()
    rests = [lines[number - 1][column:].decode().strip() for number, column in sorted(ends.items())]
    return [rest.removeprefix("#").strip() for rest in rests if rest.startswith("#")]


def agrees(want, got):
    """Whether a printed line is what the comment says."""
    same = doctest.OutputChecker().check_output(want + "\n", got.strip() + "\n", FLAGS)
    return same or want.startswith(got.strip() + ", ")


def missing(wanted, output):
    """What a page promises and the output, read from top to bottom, does not show."""
    lines = iter(output.splitlines())
    return [want for want in wanted if not any(agrees(want, line) for line in lines)]


def run_python(block, name, namespace):
    """Run a block in the page's namespace; line numbers in a traceback are those of the page."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile("\n" * block.line + block.text, name, "exec"), namespace)
    assert not missing(promised(block.text), out.getvalue()), f"{name}, line {block.line}: printed\n{out.getvalue()}"
    return out.getvalue()


def run_console(block, name):
    """Run the commands of keraunos; what stands below each is what it prints."""
    environment = os.environ | {"PYTHONPATH": str(REPO)}
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, want = part.partition("\n")
        if not command.startswith("keraunos "):
            continue
        words = [sys.executable, "-m", *shlex.split(command, comments=True)]
        done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=300)
        assert done.returncode == 0, f"{name}: {command}\n{done.stdout}{done.stderr}"
        same = not want.strip() or doctest.OutputChecker().check_output(want, done.stdout, FLAGS)
        assert same, f"{name}: {command} printed\n{done.stdout}"


@pytest.mark.trains
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace, output = {"__name__": "__main__"}, ""
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.file:
            Path(block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            output = run_python(block, page.name, namespace)
        elif block.language == "console":
            run_console(block, page.name)
        elif block.language == "text" and block.follows:
            same = doctest.OutputChecker().check_output(block.text, output, FLAGS)
            assert same, f"{page.name}, line {block.line}: printed\n{output}"


# -- the checks can fail ---------------------------------------------------------------------------------------------------

PAGE = 'a\n```python\nprint(1 + 1)   # 2\n```\n\n```text\n2\n```\nb\n```python title="f.py"\nx = 1\n```\n'


def test_blocks_are_found():
    first, second, third = blocks(PAGE)
    assert (first.language, first.line, first.file, first.follows) == ("python", 2, None, False)
    assert (second.language, second.text, second.follows) == ("text", "2\n", True)
    assert (third.file, third.text, third.follows) == ("f.py", "x = 1\n", False)


@pytest.mark.parametrize(
    ("want", "got", "same"),
    [
        ("2", "2", True),
        ("2", "3", False),
        ("2.", "2", False),
        ("0.9...", "0.97", True),
        ("[1], and yours", "[1]", True),
    ],
)
def test_comments_are_compared(want, got, same):
    assert agrees(want, got) is same


def test_promises_are_kept_in_order():
    code = 'print("#", 1)   # # 1\nfor i in (1, 2):\n    print(i)    # 1\nx = 1   # no promise\n'
    assert promised(code) == ["# 1", "1"]
    assert missing(["# 1", "1"], "# 1\n1\n2\n") == []
    assert missing(["2", "1"], "1\n2\n") == ["1"]


# -- links ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) + re.findall(r'(?:src|href)="([^"#]+)"', text)
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert not [link for link in local if not (page.parent / link).exists()]


def test_pages_are_in_the_navigation():
    navigation = (REPO / "mkdocs.yml").read_text(encoding="utf-8")
    assert not [page.name for page in (REPO / "docs").glob("*.md") if f" {page.name}\n" not in navigation]
