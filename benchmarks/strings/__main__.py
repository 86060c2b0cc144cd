"""Programs from examples on all SyGuS tasks (`*.sl`) of a folder, side by side with cvc5, on one core each.

    python -m benchmarks.strings FOLDER [--seconds 10] [--contenders grammar,strings,three,three+column,cvc5] [--out results.md]

Contenders: ``grammar`` uses the language that the file gives, ``strings`` keraunos's own, both with all examples. ``three`` sees
the first three examples of tasks that have more, and must be right on all; ``three+column`` sees the other inputs too. The clock
is the CPU time of the process.
"""

import argparse
import json
import multiprocessing
import platform
import resource
import statistics
import time
from pathlib import Path

from benchmarks.strings import peer
from benchmarks.strings.sygus import read_task
from keraunos import programs

SLICE = 10.0  # seconds on the clock between two looks at the CPU time


def search(examples, dsl, seconds: float, inputs=()):
    """(result, CPU seconds); the search goes on until it has used the CPU time."""
    started = time.process_time()
    found = programs.synthesize(examples, dsl=dsl, inputs=inputs, time_limit=SLICE)
    while not found.finished and (left := seconds - (time.process_time() - started)) > 0.05:
        found.resume(min(SLICE, left))
    return found, time.process_time() - started


def run_keraunos(task, contender: str, seconds: float) -> dict:
    """One task: whether it is solved, the time, and the program."""
    dsl = task.dsl if contender == "grammar" else programs.strings
    count = 3 if contender.startswith("three") else len(task.inputs)
    examples = list(zip(task.inputs, task.outputs))
    rest = task.inputs[count:] if contender == "three+column" else ()
    started = time.process_time()
    try:
        found, spent = search(examples[:count], dsl, seconds, rest)
    except programs.ContradictionError as e:
        return {"solved": False, "seconds": time.process_time() - started, "note": str(e)}
    wanted = [dsl.goal(o)[1] for o in task.outputs]
    solved = found.best is not None and found.best.map(task.inputs) == wanted
    return {"solved": solved, "seconds": spent, "nodes": found.nodes, "note": str(found.best or "")}


def run_cvc5(path: Path, seconds: float) -> dict:
    """One task in a process of its own, which the system ends when its CPU time is over."""
    receive, send = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=_cvc5, args=(path, seconds, send))
    process.start()
    send.close()
    try:
        result = receive.recv()
    except EOFError:  # killed
        result = {"solved": False, "seconds": seconds, "note": "out of time"}
    process.join()
    return result


def _cvc5(path, seconds, send):
    spent = time.process_time()
    limit = int(spent + seconds + 1)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    answer = peer.solve(path, 6 * seconds)
    spent = time.process_time() - spent
    send.send({"solved": "define-fun" in answer and spent <= seconds, "seconds": spent, "note": answer})


def run(folder: Path, contenders: list[str], seconds: float) -> dict:
    """All tasks by all contenders: {contender: {task: result}}."""
    results: dict = {c: {} for c in contenders}
    for path in sorted(folder.glob("*.sl")):
        task = read_task(path)
        for contender in contenders:
            if contender.startswith("three") and len(task.inputs) <= 3:
                continue
            if contender == "cvc5":
                result = run_cvc5(path, seconds)
            elif task.dsl is None:
                result = {"solved": False, "seconds": 0.0, "note": "not given by examples"}
            else:
                result = run_keraunos(task, contender, seconds)
            results[contender][task.name] = result
            print(
                f"{contender:13} {task.name:50} {'yes' if result['solved'] else 'NO '} {result['seconds']:7.3f}",
                flush=True,
            )
    return results


def table(results: dict, seconds: float) -> str:
    """The results as Markdown."""
    lines = [
        f"Python {platform.python_version()}, one core, {seconds:g} s of CPU time a task.",
        "",
        "| contender | solved | tasks | median s | longest s of a solved one |",
        "|---|---|---|---|---|",
    ]
    for contender, tasks in results.items():
        times = [r["seconds"] for r in tasks.values()]
        solved = [r["seconds"] for r in tasks.values() if r["solved"]]
        median, longest = statistics.median(times or [0]), max(solved, default=0)
        lines.append(f"| {contender} | {len(solved)} | {len(tasks)} | {median:.3f} | {longest:.2f} |")
    for contender, tasks in results.items():
        missed = [f"- `{name}`: {r['note'][:160]}" for name, r in tasks.items() if not r["solved"]]
        lines += ["", f"Not solved by {contender}:", "", *missed]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--contenders", default="grammar,strings,three,three+column,cvc5")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results.md")
    options = parser.parse_args()
    results = run(options.folder, options.contenders.split(","), options.seconds)
    text = table(results, options.seconds)
    options.out.write_text(text, encoding="utf-8")
    options.out.with_suffix(".json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
