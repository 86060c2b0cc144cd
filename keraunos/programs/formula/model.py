"""``Formula``: symbolic regression with the manners of every other model."""

import functools
import json
import os

import numpy as np

from keraunos import ops
from keraunos.callbacks import CallbackList
from keraunos.models import Model
from keraunos.programs.formula import operators as operator_table
from keraunos.programs.formula import plot, rendering, run, table
from keraunos.programs.formula.candidate import Candidate
from keraunos.programs.formula.estimator import Estimator
from keraunos.programs.formula.expression import constants
from keraunos.programs.formula.layer import FormulaLayer, apply
from keraunos.programs.formula.progress import Progress
from keraunos.programs.formula.report import print_front
from keraunos.saving.whole import whole_file
from keraunos.util import registry

TIME_LIMIT = 30.0


@registry.builtin("keras.programs")
class Formula(Estimator, Model):
    """A formula found in data: symbolic regression.

    The search leaves a front of formulas, each the best of its length; the one that describes formula and residuals together in the
    fewest bits is taken. No noise level is asked for: it is estimated.

    Args:
        operators: names or symbols that may occur, such as ``["+", "-", "*", "/", "sin"]``; None for the usual ones.
        max_complexity: most variables, constants and operators of a formula.
        units: None, or a dict from column names and the target's name to units such as "m/s^2"; then only formulas that are right in
            their units are kept. Constants are pure numbers.
        loss: None or "mse", "relative" (errors count in proportion to y), or "huber" (outliers count less).
        time_limit: seconds of a fit, unless there is a limit of evaluations.
        max_evaluations: numbers computed, rows times nodes. A fit that is limited by this alone is repeatable.
        processes: how many search at once.
        seed: of all that is drawn.
        target: name of what is predicted.

    Raises ``ValueError`` for unknown operators, losses, units and limits that are no limits.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(1, 3, (200, 2))
    >>> f = Formula(max_evaluations=3e8).fit(x, x[:, 0] / (1 + x[:, 1]), verbose=0)
    >>> str(f.best)
    'x0 / (x1 + 1)'
    >>> f.predict([[6.0, 2.0]])
    array([2.])
    """

    def __init__(
        self,
        operators=None,
        max_complexity=40,
        units=None,
        loss=None,
        time_limit=TIME_LIMIT,
        max_evaluations=None,
        processes=1,
        seed=0,
        target="y",
        name=None,
        **kwargs,
    ):
        self.front = []
        self.chosen = None
        fitted = kwargs.pop("fitted", None)
        super().__init__(name=name, **kwargs)
        given = (operators, max_complexity, units, loss, time_limit, max_evaluations, processes, seed, target, name)
        self._keep_params(dict(zip(self.PARAMS, given)))
        self.built = True
        if fitted is not None:
            self._restore(fitted)

    # -- fitting -------------------------------------------------------------------------------------------------------------------

    def fit(
        self,
        x,
        y=None,
        time_limit=None,
        max_evaluations=None,
        sample_weight=None,
        callbacks=None,
        verbose="auto",
        resume=None,
        clock=None,
    ):
        """Search for formulas of y in x.

        **Shape:** x (rows, variables), an array, a DataFrame or a dict of columns; y (rows,).

        Args:
            time_limit, max_evaluations: instead of those of the constructor.
            sample_weight: (rows,).
            callbacks: list of ``keras.callbacks.Callback``; an epoch is one step of the search, with the logs "loss" (share of the
                variance that is left), "complexity" and "evaluations". ``model.stop_training = True`` ends the search.
            verbose: 0 silent, 1 or "auto" a live line with the best so far, nodes per second and the time left, 2 a last line.
            resume: path of a state that ``save_state`` wrote; limits count from the beginning of that search.
            clock: what seconds are read from; ``time.process_time`` for those of this process alone.

        Rows that lack a value are dropped, with a warning that counts them. More than 2000 rows are searched on a sample and verified on
        all. Ctrl-C ends the search; what was found is kept.

        Returns the model itself, whose ``history`` is that of the steps.

        Raises ``ValueError`` for data that aren't numbers, and says which column.
        """
        self._check_params()
        data = table.read(x, y, sample_weight)
        state = None if resume is None else run.read_state(resume, data.names)
        seed = self._seed() if state is None else state["seed"]
        seconds, evaluations = self._limits(time_limit, max_evaluations)
        budget = run.budget_of(seconds, evaluations, clock, state)
        fit = run.Run(data, self.get_params(), budget, seed, state)
        self._watch(fit, budget, callbacks, verbose)
        self.front, best = fit.candidates()
        self.chosen = self.front[best]
        self._note_features(x, data)
        self._last_run = fit.state()
        return self

    def _limits(self, time_limit, max_evaluations):
        """(seconds, evaluations): those of ``fit``, else those of the constructor; time counts only where no other limit is given."""
        params = self.get_params()
        evaluations = params["max_evaluations"] if max_evaluations is None and time_limit is None else max_evaluations
        seconds = time_limit if time_limit is not None else None if evaluations is not None else params["time_limit"]
        for name, value in (("time_limit", seconds), ("max_evaluations", evaluations)):
            if value is not None and not value > 0:
                raise ValueError(f"Formula: {name} must be greater than 0, got {value!r}.")
        return seconds, evaluations

    def _watch(self, fit, budget, callbacks, verbose):
        """Go through the steps of a search, and tell callbacks and the display."""
        events = CallbackList(callbacks, add_history=True, model=self, epochs=None, steps=None, verbose=0)
        progress = Progress(budget, verbose)
        self.stop_training = False
        stage = "done"
        events.on_train_begin()
        try:
            for epoch, step in enumerate(fit.steps()):
                best = fit.front.chosen()
                logs = {
                    "loss": best.loss / fit.front.variance,
                    "complexity": len(best.tokens),
                    "evaluations": budget.evaluations,
                }
                events.on_epoch_begin(epoch)
                events.on_epoch_end(epoch, logs)
                progress.show(step.stage, logs["loss"], functools.partial(self._text, fit, best))
                budget.stopped = budget.stopped or bool(self.stop_training)
        except KeyboardInterrupt:
            stage = "stopped by Ctrl-C"
            budget.stopped = True
        finally:
            progress.close()
        best = fit.front.chosen()
        progress.finish(stage, best.loss / fit.front.variance, self._text(fit, best))
        events.on_train_end({"loss": best.loss / fit.front.variance})

    def _text(self, fit, entry):
        names = [fit.table.names[i] for i in fit.columns]
        return f"{self.get_params()['target']} = {rendering.infix(entry.tokens, rendering.identifiers(names))}"

    def save_state(self, filepath, overwrite=True):
        """Write what ``fit(resume=filepath)`` needs to go on with the last search: formulas, where it stands, limits spent (JSON)."""
        self._check_fitted("save_state")
        if not overwrite and os.path.exists(filepath):
            raise FileExistsError(f"{os.fspath(filepath)!r} exists already. Pass overwrite=True to replace it.")
        with whole_file(filepath) as file:
            file.write(json.dumps(self._last_run).encode())

    # -- what was found ------------------------------------------------------------------------------------------------------------

    @property
    def best(self):
        """The chosen formula, a ``Candidate``."""
        self._check_fitted("best")
        return self.chosen

    def choose(self, complexity):
        """Take the longest formula of the front that is no longer than ``complexity``, instead of the one of shortest description."""
        self._check_fitted("choose")
        found = [c for c in self.front if c.complexity <= complexity]
        if not found:
            raise ValueError(
                f"Formula: no formula of the front is as short as {complexity}; there are {[c.complexity for c in self.front]}."
            )
        self.chosen = found[-1]
        return self.chosen

    def constants(self):
        """Constants of the chosen formula, pairs (value, standard error); 0 where a simple value was taken."""
        return self.best.constants()

    def sympy(self):
        """The chosen formula in SymPy."""
        return self.best.sympy()

    def latex(self):
        """The chosen formula in LaTeX."""
        return self.best.latex()

    def python(self):
        """Source of a Python function for the chosen formula."""
        return self.best.python()

    def to_layer(self, **kwargs):
        """The chosen formula as a layer whose constants are weights."""
        return FormulaLayer(self.best.tokens, **kwargs)

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Values of the chosen formula in 64 bits.

        **Shape:** (rows, variables) -> (rows,). A DataFrame's columns are found by name. NaN where the formula has no value.
        """
        self._check_fitted("predict")
        return self.best.predict(self._columns(x))

    def evaluate(self, x=None, y=None, sample_weight=None, return_dict=False, verbose="auto", **kwargs):
        """Mean squared error; with ``return_dict`` also "mae" and "r2"."""
        error = self.predict(x) - np.asarray(y, float).reshape(-1)
        weights = np.ones(len(error)) if sample_weight is None else np.asarray(sample_weight, float)
        loss = float(np.average(error**2, weights=weights))
        if not return_dict:
            return loss
        spread = np.average(
            (np.asarray(y, float).reshape(-1) - np.average(np.asarray(y, float), weights=weights)) ** 2, weights=weights
        )
        return {
            "loss": loss,
            "mae": float(np.average(np.abs(error), weights=weights)),
            "r2": 1.0 - loss / float(spread) if spread else float("nan"),
        }

    def call(self, inputs):
        """The chosen formula with fixed constants on arrays of the engine: (rows, variables) -> (rows, 1)."""
        self._check_fitted("call")
        return apply(self.best.tokens, ops.convert_to_tensor(inputs), constants(self.best.tokens).tolist())

    def plot(self, x=None, y=None, to_file=None):
        """Draw the front, and with data the fit: predicted against given values, and residuals.

        Returns a matplotlib ``Figure``; ``to_file`` writes it.
        """
        self._check_fitted("plot")
        data = None if x is None else (self._columns(x), np.asarray(y, float).reshape(-1))
        return plot.draw(self, data, to_file)

    def summary(self, line_length=None, print_fn=None, **kwargs):
        """Print the front."""
        print_front(self, line_length, print_fn)

    # -- saving --------------------------------------------------------------------------------------------------------------------

    def get_config(self):
        config = {**self.get_params(), "name": self.name}
        if self.chosen is not None:
            config["fitted"] = {
                "front": [c.config() for c in self.front],
                "chosen": self.front.index(self.chosen),
                "names": list(self.chosen.names),
                "feature_names": None if self._feature_names is None else list(self._feature_names),
                "state": self._last_run,
            }
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)

    def _restore(self, fitted):
        names = fitted["names"]
        self.front = [Candidate(names=names, target=self.get_params()["target"], **c) for c in fitted["front"]]
        self.chosen = self.front[fitted["chosen"]]
        self._last_run = fitted["state"]
        self._restore_features(fitted["feature_names"], len(names))

    def _check_params(self):
        params = self.get_params()
        operator_table.chosen(params["operators"])
        if params["loss"] not in (None, *run.LOSSES):
            raise ValueError(f"Formula: loss must be None or one of {list(run.LOSSES)}, got {params['loss']!r}.")
        for name, least in (("max_complexity", 1), ("processes", 1)):
            if not isinstance(params[name], (int, np.integer)) or params[name] < least:
                raise ValueError(f"Formula: {name} must be an integer of at least {least}, got {params[name]!r}.")
