"""``RecognitionModel``: a network that looks at the examples and says which parts of the language a program for them will use."""

from collections.abc import Iterable

import numpy as np

from keraunos import layers, losses, ops, optimizers
from keraunos.models import Model
from keraunos.programs.synthesis.dsl import DSL, find_dsl
from keraunos.programs.synthesis.examples import read_examples
from keraunos.programs.synthesis.prior import costs_of
from keraunos.programs.synthesis.sampling import SampledTask, sample_tasks
from keraunos.util import registry

CHEAPER, DEARER = 1, 2  # most that the network takes from a cost, and adds to it
RARE = 1e-4  # share of tasks below which none is taken to be


@registry.builtin("keras.programs")
class RecognitionModel(Model):
    """A prior over programs that depends on the examples: it weighs the parts of a language before a search.

    A small network, trained on tasks sampled from the language, gives the log-odds of the use of each primitive and constant. Where they
    are higher than in a task at random the part becomes cheaper by ``strength`` times the difference, else dearer (by -1 to +2 in
    all). The search then meets likely programs earlier; which programs exist, and what they cost in the ranking, stays the same.
    After Menon et al., "A machine learning framework for programming by example" (ICML 2013), and the recognition models of DreamCoder
    (Ellis et al., PLDI 2021).

    Args:
        dsl: name of the language; it must have ``sample`` and ``features``, as ``"strings"`` has.
        units: width of the hidden layer.
        strength: cost per unit of log-odds.
        parts: names of the parts that the outputs stand for; by default those of the language.

    **Shape:** ``call`` takes features (tasks, features) and gives log-odds (tasks, parts).

    Raises ``ValueError`` when the language has no ``sample`` or no ``features``, or a search is in another language.

    >>> import keraunos as keras
    >>> from keraunos import programs
    >>> keras.utils.set_random_seed(0)
    >>> model = programs.RecognitionModel()
    >>> history = model.fit(1000, epochs=5, verbose=0)
    >>> uses = model.probabilities([("Ada Lovelace", "ADA LOVELACE"), ("Alan Turing", "ALAN TURING")])
    >>> uses["upper"] > 0.5 > uses["date"]
    True
    >>> programs.synthesize([("Ada Lovelace", "LOVELACE"), ("Alan Turing", "TURING")], prior=model).best("Grace Hopper")
    'HOPPER'
    """

    def __init__(self, dsl="strings", units=128, strength=0.5, parts=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.dsl = dsl if isinstance(dsl, str) else dsl.name
        self.units, self.strength = units, strength
        language = find_dsl(self.dsl)
        if language.sample is None or language.features is None:
            raise ValueError(
                f"RecognitionModel: the language {self.dsl!r} must have made-up inputs and features to learn from: give "
                "programs.DSL(sample=..., features=...)."
            )
        self.parts = list(costs_of(language, language.constants) if parts is None else parts)
        # A feature that hardly varies among the sampled tasks must not drown the others where it does: hence the epsilon.
        self.scale = layers.BatchNormalization(epsilon=0.01, center=False, scale=False)
        self.hidden = layers.Dense(units, activation="relu")
        self.dropout = layers.Dropout(0.2)
        self.odds = layers.Dense(len(self.parts))
        self.base = self.add_weight(shape=(len(self.parts),), initializer="zeros", trainable=False, name="base")

    def call(self, inputs, training=None):
        hidden = self.hidden(self.scale(inputs, training=training))  # (tasks, units)
        return self.odds(self.dropout(hidden, training=training))  # (tasks, parts)

    def fit(self, tasks: "int | Iterable[SampledTask]" = 10_000, epochs=20, batch_size=128, seed=0, **kwargs):
        """Train on sampled tasks; returns the history.

        Args:
            tasks: how many to sample, or the tasks.
            epochs, batch_size, **kwargs: as for ``Model.fit``.
            seed: of the sampling. ``keraunos.utils.set_random_seed`` is for weights and the order of batches.
        """
        x, y = self._arrays(sample_tasks(find_dsl(self.dsl), tasks, seed) if isinstance(tasks, int) else tasks)
        share = np.clip(y.mean(axis=0), RARE, 1 - RARE)
        self.base.assign(np.log(share / (1 - share)))
        if not self.compiled:
            self.compile(optimizers.Adam(1e-3), losses.BinaryCrossentropy(from_logits=True))
        return super().fit(x, y, batch_size=batch_size, epochs=epochs, **kwargs)

    def _features(self, inputs, outputs) -> np.ndarray:
        """The examples as the network sees them (features,)."""
        describe = find_dsl(self.dsl).features
        assert describe is not None
        return np.asarray(describe(inputs, outputs), np.float32)

    def _arrays(self, tasks) -> tuple[np.ndarray, np.ndarray]:
        """Features (tasks, features) and uses (tasks, parts)."""
        read = [(self._features(t.inputs, t.outputs), [p in t.parts for p in self.parts]) for t in tasks]
        x, y = (np.array(column, np.float32) for column in zip(*read))
        return x, y

    def _log_odds(self, examples) -> np.ndarray:
        if not np.any(ops.convert_to_numpy(self.base)):
            raise RuntimeError(
                f"RecognitionModel {self.name!r} has not learnt: call fit() first, or load a fitted one."
            )
        x = self._features(*read_examples(examples))
        return ops.convert_to_numpy(self.predict_on_batch(x[None]))[0]

    def probabilities(self, examples) -> dict[str, float]:
        """How likely a program for the examples uses each part of the language, by name."""
        odds = self._log_odds(examples)
        return dict(zip(self.parts, (1 / (1 + np.exp(-odds))).tolist()))

    def costs(self, examples, dsl: DSL | None = None) -> dict[str, int]:
        """Costs of the parts of a language for a search from the examples; the language may be one with a library."""
        dsl = dsl or find_dsl(self.dsl)
        if self.dsl not in (dsl.name, dsl.base and dsl.base.name):
            raise ValueError(
                f"RecognitionModel {self.name!r} knows the language {self.dsl!r}, not {dsl.name!r}: fit one for that language."
            )
        surprise = ops.convert_to_numpy(self.base) - self._log_odds(examples)
        change = dict(zip(self.parts, np.clip(self.strength * surprise, -CHEAPER, DEARER).tolist()))
        own = costs_of(dsl, dsl.constants)
        return {part: max(1, round(cost + change[part])) for part, cost in own.items() if part in change}

    def get_config(self):
        """Arguments that make an equal model, before its weights are loaded."""
        return {
            "dsl": self.dsl,
            "units": self.units,
            "strength": self.strength,
            "parts": self.parts,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        """The model that ``get_config`` describes."""
        return cls(**config)
