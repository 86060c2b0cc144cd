"""Each run of a contender is a fresh process on one core; the contenders take turns, the first place going round."""

import json
import os
import shutil
import site
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

from benchmarks.case import Case, Contender
from benchmarks.child import MARK

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 300  # seconds; a contender that takes longer has failed

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NPROC": "1",  # XLA's thread pools
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}
ENGINE = {"JAX_PLATFORMS": "cpu", "KERAS_BACKEND": "jax", "KERAUNOS_BACKEND": "jax"}
INHERITED_NO_MORE = ("PYTHONDONTWRITEBYTECODE", "JAX_COMPILATION_CACHE_DIR", "KERAS_HOME", "XDG_CACHE_HOME")


@dataclass
class Outcome:
    """What the runs of one contender gave, in order; `error` is the last line that a failed run wrote."""

    runs: list[dict] = field(default_factory=list)
    error: str | None = None


def in_turn(items: Sequence, round: int) -> list:
    """The items beginning with another one in each round.

    >>> in_turn("abc", 1)
    ['b', 'c', 'a']
    """
    start = round % len(items)
    return [*items[start:], *items[:start]]


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no message")


def parse(output: str) -> dict | None:
    """The result that a child printed, or None."""
    marked = [line for line in output.splitlines() if line.startswith(MARK)]
    return json.loads(marked[-1].removeprefix(MARK)) if marked else None


def environment(case: Case, home: Path) -> dict[str, str]:
    """A child's environment: one thread, JAX on the CPU, this checkout, and a home in which nothing is cached."""
    kept = {name: value for name, value in os.environ.items() if name not in INHERITED_NO_MORE}
    own = {name: value.format(home=home) for name, value in case.environment.items()}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    places = {"HOME": str(home), "PYTHONUSERBASE": site.getuserbase(), "PYTHONPATH": path}
    return {**kept, **ONE_THREAD, **ENGINE, **places, "BENCHMARK_STARTED": repr(time()), **own}


def run_once(case: Case, contender: Contender, quick: bool, core: int | None, home: Path) -> dict:
    """One run in a process of its own; ChildProcessError with its last line if it fails."""
    order = {"call": contender.call, "arguments": {**contender.arguments, "quick": quick}, "hidden": case.hidden}
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    command = [*pinned, sys.executable, "-m", "benchmarks.child", repr(order)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(case, home), capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ChildProcessError(f"no result within {LIMIT} s") from error
    result = parse(done.stdout)
    if done.returncode or result is None:
        raise ChildProcessError(last_line(done.stderr))
    return result


def run_case(
    case: Case, repeats: int, quick: bool, core: int | None, report: Callable[[str], None]
) -> dict[str, Outcome]:
    """All contenders of a case, `repeats` times each, in turn. One that fails is not run again."""
    outcomes = {contender.name: Outcome() for contender in case.contenders}
    with TemporaryDirectory(prefix="benchmark-") as folder:
        for round in range(-1 if case.keeps_home else 0, repeats):
            for contender in in_turn(case.contenders, max(round, 0)):
                outcome = outcomes[contender.name]
                if outcome.error is not None:
                    continue
                report(f"{case.name}: {contender.name}, {f'run {round + 1} of {repeats}' if round >= 0 else 'warm-up'}")
                home = Path(folder) / contender.name / (str(round) if not case.keeps_home else "kept")
                home.mkdir(parents=True, exist_ok=True)
                try:
                    result = run_once(case, contender, quick, core, home)
                except ChildProcessError as error:
                    outcome.error = str(error)
                else:
                    if round >= 0:
                        outcome.runs.append(result)
    return outcomes


def choose_core(wanted: int | None) -> int | None:
    """The core to pin to: the one wanted, else the last this process may use; None where there is no taskset."""
    if shutil.which("taskset") is None:
        return None
    return max(os.sched_getaffinity(0)) if wanted is None else wanted


def warm_files() -> None:
    """Compile and read the libraries' files once, so that no contender's first run pays for that."""
    for command in (["-m", "compileall", "-q", "keraunos"], *(["-c", f"import {name}"] for name in ("keras", "jax"))):
        env = {**os.environ, **ENGINE}
        subprocess.run([sys.executable, *command], cwd=ROOT, env=env, capture_output=True, check=False)
