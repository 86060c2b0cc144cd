"""Who is compared: each gets rows and seconds of the process's CPU time on one core, and returns a function that predicts, and a text."""

import time

import numpy as np


def keraunos(x, y, seconds, seed):
    from keraunos import programs

    model = programs.Formula(seed=seed).fit(x, y, time_limit=seconds, clock=time.process_time, verbose=0)
    return model.predict, str(model.best)


def operon(x, y, seconds, seed):
    """Without pow, tanh, arcsin and arccos: with them it is worse. Chosen by BIC, for its MDL takes the noise to be 1."""
    from pyoperon.sklearn import SymbolicRegressor

    start = time.process_time()
    model = SymbolicRegressor(
        allowed_symbols="add,sub,mul,div,sqrt,square,exp,log,sin,cos,constant,variable",
        objectives=["r2", "length"],
        optimizer_iterations=5,
        max_length=50,
        population_size=1000,
        pool_size=1000,
        generations=10**8,
        max_evaluations=10**10,
        model_selection_criterion="bayesian_information_criterion",
        n_threads=1,
        warm_start=True,
    )
    turn = 0
    with np.errstate(all="ignore"):
        while (
            left := seconds - (time.process_time() - start)
        ) > 0.5:  # its own clock is on the wall, where others work too
            model.set_params(max_time=max(1, round(left)), random_state=seed + 1 + turn)
            model.fit(x, y)
            turn += 1
    return model.predict, model.get_model_string(model.model_, precision=6)


def gplearn(x, y, seconds, seed):
    from gplearn.functions import make_function
    from gplearn.genetic import SymbolicRegressor

    def exp(a):
        with np.errstate(over="ignore"):
            return np.where(a < 50, np.exp(np.minimum(a, 50)), 0.0)

    start = time.process_time()
    own = [
        make_function(function=f, name=n, arity=1) for f, n in ((exp, "exp"), (np.square, "square"), (np.tanh, "tanh"))
    ]
    model = SymbolicRegressor(
        population_size=1000,
        generations=1,
        function_set=("add", "sub", "mul", "div", "sqrt", "log", "sin", "cos", *own),
        parsimony_coefficient=1e-4,
        const_range=(-5.0, 5.0),
        metric="mse",
        warm_start=True,
        random_state=seed,
    )
    best, least = None, np.inf
    while best is None or time.process_time() - start < seconds:
        model.fit(x, y)
        model.set_params(generations=model.generations + 1)
        loss = float(np.mean((model._program.execute(x) - y) ** 2))
        if loss < least:
            best, least = model._program, loss
    return best.execute, str(best)


CONTENDERS = {"keraunos": keraunos, "operon": operon, "gplearn": gplearn}
