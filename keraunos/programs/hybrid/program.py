"""A program as a layer: between the softmax of a classifier and the label."""

import numpy as np

from keraunos.layers import Layer
from keraunos.programs.hybrid.domain import domains
from keraunos.programs.hybrid.enumeration import Enumeration
from keraunos.programs.hybrid.fold import Automaton, Fold
from keraunos.programs.hybrid.marginals import log_probabilities
from keraunos.programs.hybrid.shortcuts import shortcuts
from keraunos.util import registry
from keraunos.util.errors import describe

_TABLES = {"enumeration": Enumeration, "automaton": Automaton}


@registry.builtin("keras.programs")
class Program(Layer):
    """log P(label) of a Python function's result, from the probabilities of the symbols that it is given.

    P(y) = Σ over the symbols s with fn(s) = y of Π P(sᵢ): exact, in logarithms, with exact gradients. The function is run on
    symbols only, once, when the layer is made (a function: on every combination; a ``Fold``: on the states that it reaches);
    what computes is the table of its results, and that is what a file holds.

    Args:
        fn: function of hashable symbols that returns a label; or a ``Fold`` over a sequence of symbols. None as its result
            means that the symbols can't come together.
        domain: the symbols: a number n for 0 .. n - 1, a sequence, or a dict of these by the names of fn's parameters.
        from_logits: whether the inputs are logits. They keep what a softmax in float32 rounds to 0, so they train further.
        max_combinations: an error is raised when a function would have to be tried on more.

    **Shape:** for a function of n symbols a list of n inputs ``(batch, Dᵢ)``, or one ``(batch, n, D)``; for a fold
    ``(batch, n, D)``, a mask ``(batch, n)`` leaving out symbols. To ``(batch, labels)`` of natural logarithms, in the order of
    ``labels``; labels that can't be have about -1e30.

    Raises ``ValueError`` for shapes that don't fit the function or the domain, and for functions with too many combinations or
    states; what fn itself raises is not caught.

    The loss is ``programs.NegativeLogLikelihood``. Sources: Manhaeve et al., 2018, https://arxiv.org/abs/1805.10872 (the
    sum over all proofs); Xu et al., 2018, https://arxiv.org/abs/1711.11157 (the loss).

    >>> import numpy as np
    >>> from keraunos import programs
    >>> total = programs.Program(lambda a, b: a + b, domain=3)
    >>> total.labels
    (0, 1, 2, 3, 4)
    >>> p = np.array([[0.5, 0.5, 0.0]], "float32")
    >>> np.exp(np.asarray(total([p, p]))).round(4).tolist()
    [[0.25, 0.5, 0.25, 0.0, 0.0]]
    """

    _row_wise = True
    _passing = frozenset({"fn"})

    def __init__(self, fn, domain=None, from_logits=False, max_combinations=200_000, **kwargs):
        kwargs.setdefault("autocast", False)  # float16 can't hold what it computes
        super().__init__(**kwargs)
        if not callable(fn) and not isinstance(fn, (Enumeration, Automaton)):
            raise TypeError(f"{self._who}: fn must be a function or a Fold, got {describe(fn)}.")
        self.from_logits, self.max_combinations = bool(from_logits), int(max_combinations)
        self._domain, self._table, self.fn = domain, None, fn
        self.supports_masking = True
        if isinstance(fn, (Enumeration, Automaton)):
            self._table, self.fn = fn, None
        elif domain is None:
            raise ValueError(f"{self._who}: domain must be given: the symbols that fn takes.")
        elif isinstance(fn, Fold):
            if fn.lengths is not None:
                self._table = Automaton.of(fn, domain, None, self._who)
        else:
            self._tabulate(None)

    @property
    def _who(self):
        return f"Program {self.name!r}"

    def _tabulate(self, arity):
        found = domains(self._domain, self.fn, arity, self._who)
        if found is not None:
            self._table = Enumeration.of(self.fn, found, self._who, self.max_combinations)

    # -- what it knows -----------------------------------------------------------------------------------------------------

    @property
    def table(self):
        """The function's results as data: an ``Enumeration`` or an ``Automaton``."""
        if self._table is None:
            raise ValueError(
                f"{self._who}: how many symbols it takes is known only once it has been built: call it on inputs first."
            )
        return self._table

    @property
    def labels(self):
        """All results that fn can have, in the order of the outputs."""
        return self.table.labels

    def encode(self, labels):
        """Labels as the indices that the loss takes, an int32 array. Raises ``ValueError`` for one that fn can't return.

        >>> from keraunos import programs
        >>> programs.Program(lambda a, b: a - b, domain=3).encode([-2, 0, 1]).tolist()
        [0, 2, 3]
        """
        place = {label: i for i, label in enumerate(self.labels)}
        values = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
        for i, value in enumerate(values):
            if value not in place:
                raise ValueError(
                    f"{self._who}: label {value!r} at sample {i} is not a result that the function can have."
                )
        return np.array([place[v] for v in values], np.int32)

    def decode(self, log_probs):
        """The most probable label of each row of outputs, a list."""
        return [self.labels[i] for i in np.argmax(np.asarray(log_probs), axis=-1)]

    def shortcuts(self):
        """The other readings of the symbols that give every label right, so that no label can correct them.

        Raises ``ValueError`` where the arguments have different domains.

        >>> from keraunos import programs
        >>> programs.Program(lambda a, b: a + b, domain=10).shortcuts().identifiable
        True
        >>> print(programs.Program(lambda a, b: abs(a - b), domain=3).shortcuts())
        2 one-to-one readings of the symbols give the same labels.
          a swap: 0 read as 2, 2 read as 0
        """
        return shortcuts(self.table)

    # -- computing ---------------------------------------------------------------------------------------------------------

    def build(self, input_shape):
        several = bool(input_shape) and isinstance(input_shape[0], (list, tuple))
        if isinstance(self.fn, Fold) or isinstance(self._table, Automaton):
            self._build_fold(input_shape, several)
        else:
            self._build_function(input_shape, several)

    def _build_fold(self, shape, several):
        if several or len(shape) != 3:
            raise ValueError(f"{self._who}: a fold takes one input of shape (batch, n, D), got {shape}.")
        if self._table is None:
            self._table = Automaton.of(self.fn, self._domain, shape[1], self._who)
        lengths, n = self._table.lengths, shape[1]
        if shape[2] != len(self._table.domain):
            raise ValueError(
                f"{self._who}: the domain has {len(self._table.domain)} symbols, the input has shape {shape}."
            )
        if lengths is not None and n is not None and n < lengths[-1]:
            raise ValueError(
                f"{self._who}: the input must have room for {lengths[-1]} symbols, the longest sequence, got shape {shape}."
            )

    def _build_function(self, shape, several):
        if not several and len(shape) != 3 or several and any(len(s) != 2 for s in shape):
            raise ValueError(
                f"{self._who}: a function takes a list of inputs (batch, D), or one of shape (batch, n, D), got {shape}."
            )
        sizes = [s[-1] for s in shape] if several else [shape[2]] * shape[1]
        if self._table is None:
            self._tabulate(len(sizes))
        wanted = [len(d) for d in self._table.domains]
        if sizes != wanted:
            raise ValueError(
                f"{self._who}: the domains have {wanted} symbols, the inputs have {sizes} (shape {shape})."
            )

    def call(self, inputs, mask=None):
        if isinstance(self._table, Automaton):
            self._check_lengths(inputs, mask)
            return self._table.log_marginals(log_probabilities(inputs, self.from_logits), mask)
        several = isinstance(inputs, (list, tuple))
        separate = inputs if several else [inputs[:, i] for i in range(inputs.shape[1])]
        return self._table.log_marginals([log_probabilities(x, self.from_logits) for x in separate])

    def _check_lengths(self, inputs, mask):
        lengths, n = self._table.lengths, inputs.shape[1]
        if lengths is None:
            return
        if mask is None and n not in lengths:
            raise ValueError(f"{self._who}: sequences have {lengths} symbols, the input has {n} and no mask.")
        if mask is not None and self.fn is not None and self.fn.lengths is None:
            raise ValueError(
                f"{self._who}: the input has a mask, so its sequences differ in length: say which there are, Fold(..., lengths=...)."
            )

    def compute_mask(self, inputs, previous_mask):
        """None: labels have no steps."""
        return None

    # -- files -------------------------------------------------------------------------------------------------------------

    def get_config(self):
        """The table as data. The Python function is not part of it."""
        kind = next(k for k, cls in _TABLES.items() if isinstance(self.table, cls))
        config = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype_policy.name}
        return config | {"from_logits": self.from_logits, "kind": kind, "table": self.table.to_config(self._who)}

    @classmethod
    def from_config(cls, config):
        """A layer from ``get_config()``'s dict: its ``fn`` is None, its table is what computes."""
        config = dict(config)
        kind, table = config.pop("kind"), config.pop("table")
        if kind not in _TABLES:
            raise ValueError(
                f"Malformed configuration of a Program: kind must be one of {sorted(_TABLES)}, got {kind!r}."
            )
        return cls(_TABLES[kind].from_config(table), **config)
