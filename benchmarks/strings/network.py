"""What a `RecognitionModel` saves the search, on the SyGuS tasks (`*.sl`) of a folder: `python -m benchmarks.strings.network FOLDER`.

    python -m benchmarks.strings.network FOLDER [--tasks 10000] [--seeds 2] [--seconds 10] [--models FOLDER] [--out network.json]

The networks learn from sampled tasks alone. Each task is searched without a network, with each of the networks, and, as a control,
with what the first network says of another task, half the list away; in turns, in one process. ``all`` sees all examples, ``three``
the first three of tasks that have more, and must be right on all. Nodes are the expressions tried until the search ended, time is
CPU time, the network's included.
"""

import argparse
import json
import math
import statistics
import time
from pathlib import Path

import numpy as np

import keraunos as keras
from benchmarks.strings.sygus import read_task
from keraunos import programs

SLICE = 10.0  # seconds on the clock between two looks at the CPU time
MANY = 6  # examples that a network is shown for the control
PLAIN, CONTROL = "no network", "control"


class Said:
    """A prior that has been said beforehand."""

    def __init__(self, costs: dict):
        self.said = costs

    def costs(self, examples, dsl):
        return self.said


def trained(seed: int, tasks: int, folder: Path | None):
    """The network of a seed: read from the folder, or trained, and kept there."""
    path = folder and folder / f"network_{seed}_{tasks}.keras"
    if path and path.exists():
        return keras.saving.load_model(path)
    keras.utils.set_random_seed(seed)
    model = programs.RecognitionModel()
    started = time.process_time()
    history = model.fit(tasks, seed=seed, verbose=0)
    spent, loss = time.process_time() - started, history.history["loss"][-1]
    print(f"network {seed}: {spent:.0f} s for {tasks} tasks, loss {loss:.4f}")
    if path:
        model.save(path)
    return model


def solve(task, examples, prior, seconds: float) -> dict:
    """One task: whether the best program is right on all examples, nodes, and CPU seconds."""
    started = time.process_time()
    found = programs.synthesize(examples, time_limit=SLICE, prior=prior)
    while not found.finished and (left := seconds - (time.process_time() - started)) > 0.05:
        found.resume(min(SLICE, left))
    spent = time.process_time() - started
    wanted = [programs.strings.goal(o)[1] for o in task.outputs]
    solved = found.best is not None and found.best.map(task.inputs) == wanted
    return {"solved": solved, "nodes": found.nodes, "seconds": spent, "program": str(found.best or "")}


def read_tasks(folder: Path, few: bool) -> list[tuple]:
    """(task, examples) of the tasks that are given by examples; of those with more than three, the first three."""
    tasks = [task for path in sorted(folder.glob("*.sl")) if (task := read_task(path)).dsl is not None]
    pairs = [(task, list(zip(task.inputs, task.outputs))) for task in tasks]
    return [(task, examples[:3]) for task, examples in pairs if len(examples) > 3] if few else pairs


def run(tasks: list[tuple], models: dict, seconds: float) -> dict:
    """{contender: {task: result}}; tasks that contradict themselves are left out."""
    first = next(iter(models.values()))
    results: dict = {name: {} for name in (PLAIN, *models, CONTROL)}
    for i, (task, examples) in enumerate(tasks):
        other = tasks[(i + len(tasks) // 2) % len(tasks)][1][:MANY]
        priors = {PLAIN: None, **models, CONTROL: Said(first.costs(other))}
        try:
            for name, prior in priors.items():
                results[name][task.name] = solve(task, examples, prior, seconds)
        except programs.ContradictionError:
            continue
        row = [f"{r[task.name]['nodes']:7}{'' if r[task.name]['solved'] else ' no'}" for r in results.values()]
        print(f"{task.name:50}", *row, flush=True)
    return results


def ratios(results: dict, name: str, key: str) -> dict:
    """Median, geometric mean and ratio of the sums of a figure, against the search without a network, on tasks that both solve."""
    own, plain = results[name], results[PLAIN]
    pairs = [(own[t][key], plain[t][key]) for t in own if own[t]["solved"] and plain[t]["solved"]]
    if not pairs:
        return dict.fromkeys(("median", "geometric mean", "sums"), math.nan)
    quotients = [a / b for a, b in pairs]
    return {
        "median": statistics.median(quotients),
        "geometric mean": float(np.exp(np.mean(np.log(quotients)))),
        "sums": sum(a for a, _ in pairs) / sum(b for _, b in pairs),
    }


def table(results: dict) -> str:
    """The comparison as Markdown."""
    lines = [
        "| search | solved | tasks | median nodes | median s | nodes: median ratio, geometric mean, of sums | time: the same |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, tasks in results.items():
        nodes, seconds = (statistics.median(r[key] for r in tasks.values()) for key in ("nodes", "seconds"))
        against = [", ".join(f"{v:.2f}" for v in ratios(results, name, key).values()) for key in ("nodes", "seconds")]
        solved = sum(r["solved"] for r in tasks.values())
        cells = [name, solved, len(tasks), f"{nodes:.0f}", f"{seconds:.3f}", *against]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tasks", type=int, default=10_000, help="sampled tasks that each network learns from")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--modes", default="all,three")
    parser.add_argument("--models", type=Path, help="folder in which trained networks are kept")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "network.json")
    options = parser.parse_args()
    models = [trained(seed, options.tasks, options.models) for seed in range(options.seeds)]
    for model in models:  # the first call compiles it
        model.costs([("a", "b"), ("c", "d")])
    everything = {}
    for mode in options.modes.split(","):
        tasks = read_tasks(options.folder, few=mode == "three")
        everything[mode] = run(tasks, {f"network {i}": m for i, m in enumerate(models)}, options.seconds)
        print(f"\n{mode}\n\n{table(everything[mode])}\n", flush=True)
    options.out.write_text(json.dumps(everything, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
