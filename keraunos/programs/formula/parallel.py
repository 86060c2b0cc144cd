"""The search in several processes: islands with draws of their own, whose fronts are put together."""

import contextlib
import multiprocessing
import os
import queue
import signal
import time

import numpy as np

from keraunos.programs.formula.budget import Budget
from keraunos.programs.formula.front import Front
from keraunos.programs.formula.search import Search, Step

TOLD_EVERY = 0.5  # seconds between messages of an island


def steps(run, count):
    """Search in ``count`` processes; yields steps and, at the end, has every island's formulas in ``run.front``.

    With a number of evaluations each island has an equal part of it and ends by itself, so equal seeds give equal fronts. With a time
    limit alone, all end as soon as one of them has explained the data.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy an engine's threads in whatever state they are
    told, stop = context.Queue(), context.Event()
    with _one_thread_each():
        islands = [
            context.Process(target=_island, args=(_task(run, k, count), told, stop), daemon=True) for k in range(count)
        ]
        for island in islands:
            island.start()
    results: dict[int, list] = {}
    spent = [0] * count
    offset = run.budget.evaluations
    try:
        while len(results) < count:
            message = _next(told)
            if message is None:
                if all(not island.is_alive() for island in islands) and told.empty():
                    break
            else:
                k, formulas, spent[k], ended, finished = message
                if ended:
                    results[k] = formulas
                    run.finished = finished if k == 0 else run.finished
                    if run.budget.limit is None:
                        stop.set()
                elif run.budget.limit is None:  # what is only seen on the way must not change what is repeatable
                    _offer_all(run.front, formulas)
                run.budget.evaluations = offset + sum(spent)
            yield Step(f"{count} processes", False)
            if run.budget.stopped or run.budget.limit is None and run.budget.is_over():
                stop.set()
    finally:
        stop.set()
        for island in islands:
            island.join(timeout=10)
            if island.is_alive():
                island.terminate()
    for k in sorted(results):
        _offer_all(run.front, results[k])
    lost = count - len(results)
    if lost and not run.budget.stopped:
        codes = [island.exitcode for island in islands]
        raise RuntimeError(
            f"Formula: {lost} of {count} processes ended without a result (exit codes {codes}). A script that starts processes must "
            "have its own work under `if __name__ == '__main__':`; or fit with processes=1."
        )


def _next(told):
    try:
        return told.get(timeout=0.1)
    except queue.Empty:
        return None


def _offer_all(front, formulas):
    for tokens in formulas:
        front.offer(tuple(tokens), iterations=3)


@contextlib.contextmanager
def _one_thread_each():
    """Processes that are started here compute on one thread: together they fill the cores."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _task(run, k, count):
    """What an island needs to know, as plain values."""
    front, budget = run.front, run.budget
    left = None if budget.limit is None else max(budget.limit - budget.evaluations, 0) // count
    seconds = None if budget.seconds is None else max(budget.seconds - budget.elapsed(), 0.0)
    return {
        "data": (front.x, front.y, front.weights),
        "limits": (seconds, left),
        "search": (run.operators, run.seed, k, list(run.finished)),
        "max_complexity": front.max_complexity,
        "units": run.accepts,
        "known": [e.tokens for e in front.sorted()],
    }


def _island(task, told, stop):
    """The work of one process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    operators, seed, k, finished = task["search"]
    budget = Budget(*task["limits"], clock=time.perf_counter)
    front = Front(*task["data"], operators, task["max_complexity"], budget, task["units"])
    _offer_all(front, task["known"])
    search = Search(front, operators, seed, budget, island=k, finished=finished)
    last = time.perf_counter()
    with np.errstate(all="ignore"):
        for _ in search.steps():
            if stop.is_set():
                budget.stopped = True
            if time.perf_counter() - last > TOLD_EVERY:
                last = time.perf_counter()
                told.put((k, _formulas(front), budget.evaluations, False, []))
    told.put((k, _formulas(front), budget.evaluations, True, search.finished))


def _formulas(front):
    return [e.tokens for e in front.sorted()]
