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
PATIENCE = 10.0  # seconds that islands have to end


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
    heard = Heard(run, count)
    try:
        while len(heard.ended) < count:
            message = _next(told)
            if message is not None:
                heard.take(message)
            elif _all_gone(islands, told):
                break
            yield Step(f"{count} processes", False)
            if run.budget.stopped or run.budget.limit is None and (heard.ended or run.budget.is_over()):
                stop.set()
    finally:
        stop.set()
        until = time.perf_counter() + PATIENCE
        while len(heard.ended) < count and time.perf_counter() < until and not _all_gone(islands, told):
            if (message := _next(told)) is not None:  # a process can't end before its last words are heard
                heard.take(message)
        for island in islands:
            island.join(timeout=max(until - time.perf_counter(), 0.1))
            if island.is_alive():
                island.terminate()
        heard.put_together()
    lost = count - len(heard.ended)
    if lost and not run.budget.stopped:
        codes = [island.exitcode for island in islands]
        raise RuntimeError(
            f"Formula: {lost} of {count} processes ended without a result (exit codes {codes}). A script that starts processes must "
            "have its own work under `if __name__ == '__main__':`; or fit with processes=1."
        )


class Heard:
    """What the islands of a run have told."""

    def __init__(self, run, count):
        self.run, self.count = run, count
        self.ended: dict[int, tuple] = {}  # island -> (formulas, state)
        self.going_on = len(run.searches) == count  # the islands count from where they were
        self.spent = [s["evaluations"] for s in run.searches] if self.going_on else [0] * count
        self.offset = 0 if self.going_on else run.budget.evaluations

    def take(self, message):
        """Note one message."""
        k, formulas, self.spent[k], state = message
        if state is not None:
            self.ended[k] = formulas, state
        elif self.run.budget.limit is None:  # what is only seen on the way must not change what is repeatable
            _offer_all(self.run.front, formulas)
        self.run.budget.evaluations = self.offset + sum(self.spent)

    def put_together(self):
        """Offer what those that ended have found, and keep where they stand if all did."""
        for _, (formulas, _) in sorted(self.ended.items()):
            _offer_all(self.run.front, formulas)
        if len(self.ended) == self.count:
            self.run.searches = [self.ended[k][1] for k in range(self.count)]


def _all_gone(islands, told):
    return all(not island.is_alive() for island in islands) and told.empty()


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
    state = run.searches[k] if len(run.searches) == count else None
    spent = 0 if state is not None else budget.evaluations  # an island that goes on counts from where it was
    limit = None if budget.limit is None else max(budget.limit - spent, 0) // count
    seconds = None if budget.seconds is None else max(budget.seconds - budget.elapsed(), 0.0)
    return {
        "data": (front.x, front.y, front.weights),
        "limits": (seconds, limit),
        "search": (run.operators, run.seed, k, state),
        "max_complexity": front.max_complexity,
        "units": run.accepts,
        "known": [e.tokens for e in front.sorted()],
    }


def _island(task, told, stop):
    """The work of one process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    operators, seed, k, state = task["search"]
    budget = Budget(*task["limits"], clock=time.perf_counter)
    front = Front(*task["data"], operators, task["max_complexity"], budget, task["units"])
    if state is None:
        _offer_all(front, task["known"])
    search = Search(front, operators, seed, budget, island=k, state=state)
    last = time.perf_counter()
    with np.errstate(all="ignore"):
        for _ in search.steps():
            if stop.is_set():
                budget.stopped = True
            if time.perf_counter() - last > TOLD_EVERY:
                last = time.perf_counter()
                told.put((k, _formulas(front), budget.evaluations, None))
    told.put((k, _formulas(front), budget.evaluations, search.state()))


def _formulas(front):
    return [e.tokens for e in front.sorted()]
