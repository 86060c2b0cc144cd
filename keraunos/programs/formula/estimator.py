"""scikit-learn's conventions for an estimator: parameters, clones, scores, names of features."""

import numbers

import numpy as np

from keraunos.programs.formula.table import columns_of
from keraunos.util.optional import require


class Estimator:
    """Mixin: ``get_params``, ``set_params``, ``score``, tags, and checks of what is predicted on.

    scikit-learn is not imported before it asks for its tags.
    """

    PARAMS = (
        "operators",
        "max_complexity",
        "units",
        "loss",
        "time_limit",
        "max_evaluations",
        "processes",
        "seed",
        "target",
        "name",
    )
    _estimator_type = "regressor"

    def _keep_params(self, params):
        object.__setattr__(self, "_params", params)  # as they are: a clone's must be the same objects
        object.__setattr__(self, "_feature_names", None)
        object.__setattr__(self, "_last_run", None)

    def get_params(self, deep=True):
        """Arguments of the constructor by name."""
        return dict(self._params)

    def set_params(self, **params):
        """Change arguments of the constructor; returns the model."""
        unknown = sorted(set(params) - set(self.PARAMS))
        if unknown:
            raise ValueError(
                f"Invalid parameter {unknown[0]!r} for Formula. Valid parameters are: {list(self.PARAMS)}."
            )
        self._params.update(params)
        return self

    def score(self, x, y, sample_weight=None):
        """R², the coefficient of determination."""
        return self.evaluate(x, y, sample_weight=sample_weight, return_dict=True)["r2"]

    def __sklearn_tags__(self):
        utils = require("sklearn", who="Formula.__sklearn_tags__", module="sklearn.utils")
        tags = utils.Tags(
            estimator_type="regressor",
            target_tags=utils.TargetTags(required=True),
            regressor_tags=utils.RegressorTags(),
        )
        tags.input_tags.allow_nan = True  # rows that lack a value are dropped, and predicted as NaN
        return tags

    def __sklearn_is_fitted__(self):
        return self.chosen is not None

    @property
    def n_features_in_(self):
        """Number of columns that were fitted."""
        self._check_fitted("n_features_in_")
        return self._n_features

    @property
    def feature_names_in_(self):
        """Names of the columns, where they had names."""
        self._check_fitted("feature_names_in_")
        if self._feature_names is None:
            raise AttributeError("Formula: the columns had no names.")
        return np.array(self._feature_names, object)

    def _note_features(self, x, data):
        named = isinstance(x, dict) or hasattr(x, "columns")
        self._restore_features(data.names if named else None, len(data.names))

    def _restore_features(self, names, count):
        object.__setattr__(self, "_feature_names", None if names is None else tuple(names))
        object.__setattr__(self, "_n_features", count)

    def _check_fitted(self, what):
        if self.chosen is None:
            errors = require("sklearn", who="Formula", module="sklearn.exceptions")
            raise errors.NotFittedError(f"Formula {self.name!r}: {what} needs a fitted formula. Call fit(x, y) first.")

    def _columns(self, x):
        """The columns that were fitted, (rows, variables), found by name where they have names."""
        values, names = columns_of(x)
        if names is not None and self._feature_names is not None:
            missing = [n for n in self._feature_names if n not in names]
            if missing:
                raise ValueError(f"Formula {self.name!r}: x lacks the columns {missing}, it has {list(names)}.")
            return values[:, [names.index(n) for n in self._feature_names]]
        if values.shape[1] != self._n_features:
            raise ValueError(
                f"Formula {self.name!r}: X has {values.shape[1]} features, but Formula is expecting {self._n_features} features as input."
            )
        return values

    def _seed(self):
        """The seed as a number: scikit-learn passes generators and None too."""
        seed = self._params["seed"]
        if seed is None:
            return int(np.random.default_rng().integers(2**31))
        if isinstance(seed, numbers.Integral) and seed >= 0:
            return int(seed)
        raise ValueError(f"Formula: seed must be an integer of at least 0 or None, got {seed!r}.")
