"""Feynman equations: `python -m benchmarks.formulas.run --set suite --contenders keraunos,operon,gplearn --seconds 30`.

1000 rows with 0.1 % noise (of the root mean square of y) are given; R² is judged on 1000 rows out of their range, every variable drawn
from [high, 2 high - low], without noise. A run is a fresh process on one core with one thread; seconds are its CPU time, so that other
work on the machine does not matter.
"""

import argparse
import concurrent.futures
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.formulas.contenders import CONTENDERS
from benchmarks.formulas.feynman import EQUATIONS, HELD_OUT, SUITE

ROWS, NOISE, SOLVED = 1000, 1e-3, 0.999
RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parents[2]
SETS = {"suite": SUITE, "held-out": HELD_OUT, "all": tuple(EQUATIONS)}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1") | {
    "JAX_PLATFORMS": "cpu"
}


def r2(y, predicted):
    """Coefficient of determination; minus infinity where a prediction is missing."""
    if not np.all(np.isfinite(predicted)):
        return -np.inf
    return float(1 - np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2))


def one(name, contender, seconds, seed):
    """One run: a dict of figures."""
    equation = EQUATIONS[name]
    x, clean = equation.sample(ROWS, seed)
    noise = NOISE * np.sqrt(np.mean(clean**2)) * np.random.default_rng([seed, 5]).normal(size=ROWS)
    inside, beyond = equation.sample(ROWS, seed + 1000), equation.sample(ROWS, seed + 2000, beyond=True)
    start = time.process_time()
    predict, text = CONTENDERS[contender](x, clean + noise, seconds, seed)
    spent = time.process_time() - start
    with np.errstate(all="ignore"):
        scores = [r2(y, np.asarray(predict(x), float)) for x, y in (inside, beyond)]
    return {
        "equation": name,
        "contender": contender,
        "seed": seed,
        "inside": scores[0],
        "beyond": scores[1],
        "cpu": spent,
        "formula": text,
    }


def in_process(name, contender, seconds, seed):
    """The same in a process of its own."""
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "benchmarks.formulas.run",
        "--one",
        name,
        "--contenders",
        contender,
    ]
    command += ["--seconds", str(seconds), "--seed", str(seed)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | ONE_THREAD, capture_output=True, text=True)
    if done.returncode:
        found = {"equation": name, "contender": contender, "seed": seed, "inside": None, "beyond": None, "cpu": None}
        return found | {
            "formula": f"failed: {(done.stderr.strip().splitlines() or [str(done.returncode)])[-1].partition(':')[0]}"
        }
    return json.loads(done.stdout.splitlines()[-1])


def table(runs, names, contenders):
    """Results as Markdown: R² out of range, a line an equation."""
    shown = "keraunos" if "keraunos" in contenders else contenders[0]
    lines = [
        "| equation | " + " | ".join(contenders) + f" | formula of {shown} |",
        "|---|" + "--:|" * len(contenders) + "---|",
    ]
    for name in names:
        found = {r["contender"]: r for r in runs if r["equation"] == name}
        cells = [_cell(found.get(c)) for c in contenders]
        formula = found.get(shown, {}).get("formula", "")
        lines.append(f"| {name} | {' | '.join(cells)} | `{formula}` |")
    solved = [
        sum((r["beyond"] or -1) > SOLVED for r in runs if r["contender"] == c and r["equation"] in names)
        for c in contenders
    ]
    lines.append("| **solved** | " + " | ".join(f"**{s} of {len(names)}**" for s in solved) + " | |")
    return "\n".join(lines)


def _cell(run):
    if run is None or run["beyond"] is None:
        return "–"
    value = "< 0" if run["beyond"] < 0 else f"{run['beyond']:.6f}"
    return f"**{value}** ({run['cpu']:.0f} s)" if run["beyond"] > SOLVED else f"{value} ({run['cpu']:.0f} s)"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", default="suite", choices=SETS)
    parser.add_argument("--contenders", default="keraunos")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes at once, each on one core")
    parser.add_argument("--one", help="one equation in this process; prints JSON")
    arguments = parser.parse_args()
    contenders = arguments.contenders.split(",")
    if arguments.one:
        print(json.dumps(one(arguments.one, contenders[0], arguments.seconds, arguments.seed)))
        return
    names, runs = SETS[arguments.set], []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        tasks = [pool.submit(in_process, n, c, arguments.seconds, arguments.seed) for n in names for c in contenders]
        for task in concurrent.futures.as_completed(tasks):
            runs.append(task.result())
            print({k: v for k, v in runs[-1].items() if k != "seed"}, flush=True)
    text = table(runs, names, contenders)
    RESULTS.mkdir(exist_ok=True)
    stem = f"{arguments.set}-{'-'.join(contenders)}-{arguments.seconds:g}s-seed{arguments.seed}"
    head = f"Feynman equations, {arguments.set}: R² out of range (CPU seconds). {arguments.seconds:g} s of CPU time on one core, seed "
    head += f"{arguments.seed}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}.\n\n"
    (RESULTS / f"{stem}.md").write_text(head + text + "\n", encoding="utf-8")
    runs.sort(key=lambda r: (names.index(r["equation"]), r["contender"]))
    (RESULTS / f"{stem}.json").write_text(json.dumps(runs, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
