"""What attention layers of several heads have in common."""

import math

from keraunos import constraints, initializers, ops, regularizers
from keraunos.layers.activation_layers import Softmax
from keraunos.layers.attention_mask import combined_mask
from keraunos.layers.dropout import Dropout
from keraunos.layers.einsum_dense import EinsumDense
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.ops.symbolic import KerasTensor
from keraunos.util import settings

_LETTERS = "abcdefghijklmnopqrstuvw"


class AttentionOfHeads(Layer):
    """Base: projections of query, key and value to heads, ``softmax(Q·Kᵀ/√dim)·V`` for each head, a projection back.

    A subclass sets ``_heads`` (of queries, of keys and values) and ``_dims`` (of queries and keys, of values).
    """

    _row_wise = True
    attention_axes = None
    _output_sizes = None

    def _hold(
        self,
        dropout,
        use_bias,
        use_gate,
        sliding_window,
        flash_attention,
        seed,
        starts,
        penalties,
        projections,
        activity,
    ):
        """Settings; starts, penalties and projections are each of (kernel, bias), activity is the penalty on projections."""
        for name, value in (("sliding_window", sliding_window), *self._positive()):
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ValueError(f"{who(self)}: {name} must be a positive integer, got {value!r}.")
        if not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
            raise ValueError(f"{who(self)}: dropout must be a number between 0 and 1, got {dropout!r}.")
        if flash_attention and dropout > 0:
            raise ValueError(f"{who(self)}: flash_attention=True can't drop weights; set dropout to 0, got {dropout}.")
        self.dropout, self.use_bias, self.use_gate, self.seed = dropout, use_bias, use_gate, seed
        self.sliding_window, self.flash_attention = sliding_window, flash_attention
        self.kernel_initializer, self.bias_initializer = map(initializers.get, starts)
        self.kernel_regularizer, self.bias_regularizer = map(regularizers.get, penalties)
        self.kernel_constraint, self.bias_constraint = map(constraints.get, projections)
        self._activity = regularizers.get(activity)
        self.supports_masking = True

    def _positive(self):
        """(name, value) of what must be a positive integer."""
        return ()

    # -- building ----------------------------------------------------------------------------------------------------------

    def build(self, query_shape, value_shape, key_shape=None):
        key_shape = value_shape if key_shape is None else key_shape
        self._check_shapes(tuple(query_shape), tuple(value_shape), tuple(key_shape))
        (heads, groups), (key_dim, value_dim) = self._heads, self._dims
        self._query_dense = self._projection("query", query_shape, heads, key_dim)
        self._key_dense = self._projection("key", key_shape, groups, key_dim)
        if self.use_gate:
            self._gate_dense = self._projection("gate", query_shape, heads, value_dim, activation="sigmoid")
        self._value_dense = self._projection("value", value_shape, groups, value_dim)
        rank = len(query_shape)
        axes = tuple(range(1, rank - 1)) if self.attention_axes is None else self.attention_axes
        self._axes = tuple(a % rank for a in axes)
        self._equations = _attention_equations(rank + 1, self._axes)
        self._softmax = Softmax(axis=tuple(range(-len(self._axes), 0)), dtype=self._dtype_policy)
        self._dropout_layer = Dropout(self.dropout, dtype=self._dtype_policy, seed=self.seed)
        for part in (self._softmax, self._dropout_layer):
            part.built = True  # without weights, and never called where a kernel does it all
        sizes = self._output_sizes or (query_shape[-1],)
        free = _LETTERS[: rank - 1]
        ends = "".join(chr(ord("A") + i) for i in range(len(sizes)))
        self._output_dense = EinsumDense(
            f"{free}xy,xy{ends}->{free}{ends}",
            output_shape=(*(None,) * (len(free) - 1), *sizes),
            bias_axes=ends if self.use_bias else None,
            name="attention_output",
            **self._options(),
        )
        self._output_dense.build((*query_shape[:-1], heads, value_dim))

    def _check_shapes(self, query, value, key):
        for name, shape in (("query", query), ("value", value), ("key", key)):
            if len(shape) < 3 or shape[-1] is None:
                raise ValueError(
                    f"{who(self)}: {name} must be (batch, ..., features) with known features, got shape {shape}."
                )
        if value[1:-1] != key[1:-1]:
            raise ValueError(
                f"{who(self)}: value and key must have the same dimensions but the last, got {value} and {key}."
            )
        if len(value) != len(query):
            raise ValueError(
                f"{who(self)}: query and value must have the same number of dimensions, got {query} and {value}."
            )
        axes = self.attention_axes or ()
        if any(not -len(query) < a < len(query) - 1 or a in (0, -1) for a in axes):
            raise ValueError(
                f"{who(self)}: attention_axes must be axes between the batch and the features, got {axes} for a query of shape {query}."
            )

    def _options(self):
        """What all projections share; initializers anew, so that each draws its own numbers."""
        return {
            "kernel_initializer": _anew(self.kernel_initializer),
            "bias_initializer": _anew(self.bias_initializer),
            "kernel_regularizer": self.kernel_regularizer,
            "bias_regularizer": self.bias_regularizer,
            "activity_regularizer": self._activity,
            "kernel_constraint": self.kernel_constraint,
            "bias_constraint": self.bias_constraint,
            "dtype": self._dtype_policy,
        }

    def _projection(self, name, shape, heads, size, activation=None):
        free = _LETTERS[: len(shape) - 1]
        made = EinsumDense(
            f"{free}x,xyz->{free}yz",
            output_shape=(*(None,) * (len(free) - 1), heads, size),
            activation=activation,
            bias_axes="yz" if self.use_bias else None,
            name=name,
            **self._options(),
        )
        made.supports_masking = True  # masks of the inputs are dealt with here
        made.build(tuple(shape))
        return made

    # -- computing ---------------------------------------------------------------------------------------------------------

    def call(
        self,
        query,
        value,
        key=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
        attention_mask=None,
        return_attention_scores=False,
        training=None,
        use_causal_mask=False,
    ):
        key = value if key is None else key
        mask = self._mask(query, value, value_mask, key_mask, attention_mask, use_causal_mask)
        q, k, v = self._query_dense(query), self._key_dense(key), self._value_dense(value)  # (batch, ..., heads, dim)
        scores = None
        if self._is_plain(q, training, return_attention_scores):
            if mask is not None:
                mask = _with_heads(mask, 4, 1)  # (batch, 1, T, S)
            scale, flash = 1 / math.sqrt(self._dims[0]), self._flash()
            out = ops.dot_product_attention(q, k, v, mask=mask, scale=scale, flash_attention=flash)
        else:
            out, scores = self._attend(q, k, v, mask, training)
        if self.use_gate:
            out = out * self._gate_dense(query)
        out = self._output_dense(out)
        return (out, scores) if return_attention_scores else out

    def _flash(self):
        return settings.is_flash_attention_enabled() if self.flash_attention is None else self.flash_attention

    def _mask(self, query, value, value_mask, key_mask, attention_mask, causal):
        window = self.sliding_window
        if (causal or window is not None) and len(self._axes) > 1:
            raise ValueError(
                f"{who(self)}: a causal mask or a window needs an order, but there are several axes, {self._axes}."
            )
        sizes = query.shape[self._axes[0]], value.shape[self._axes[0]]
        return combined_mask(*sizes, value_mask, key_mask, attention_mask, causal, window)

    def _is_plain(self, q, training, return_attention_scores):
        """Whether it is attention over one axis with nothing else, for which engines have kernels."""
        drops = training and self.dropout > 0
        return len(self._axes) == 1 and len(q.shape) == 4 and not drops and not return_attention_scores

    def _attend(self, q, k, v, mask, training):
        if self.flash_attention:
            raise ValueError(
                f"{who(self)}: flash_attention=True can't return scores, drop weights, or attend over several axes."
            )
        heads, groups = self._heads
        if groups < heads:
            k, v = ops.repeat(k, heads // groups, axis=-2), ops.repeat(v, heads // groups, axis=-2)
        to_scores, to_values = self._equations
        scores = ops.einsum(to_scores, k, ops.multiply(q, ops.cast(1 / math.sqrt(self._dims[0]), q.dtype)))
        if mask is not None:
            mask = _with_heads(mask, len(scores.shape), len(self._axes))
        scores = self._softmax(scores, mask=mask)
        dropped = self._dropout_layer(scores, training=training)
        return ops.einsum(to_values, dropped, v), scores

    # -- shapes, masks, configuration --------------------------------------------------------------------------------------

    def compute_mask(self, query, previous_mask):
        """The output is masked as the query is."""
        return previous_mask if not isinstance(previous_mask, (list, tuple)) else previous_mask[0]

    def compute_output_shape(self, query_shape, value_shape, key_shape=None):
        return (*query_shape[:-1], *(self._output_sizes or (query_shape[-1],)))

    def compute_output_spec(self, query, value, key=None, return_attention_scores=False, training=None, **masks):
        if return_attention_scores:
            return self._infer_spec(query, value, key=key, return_attention_scores=True, **masks)
        return KerasTensor(self.compute_output_shape(query.shape, value.shape), self.compute_dtype)

    def get_config(self):
        config = super().get_config()
        config["activity_regularizer"] = None if self._activity is None else regularizers.serialize(self._activity)
        del config["flash_attention"]
        return config


def _anew(initializer):
    return initializer.clone() if hasattr(initializer, "clone") else initializer


def _with_heads(mask, rank, axes):
    """A mask with dimensions of size 1 before the last two times ``axes``, for heads and what else the scores have."""
    while len(mask.shape) < rank:
        mask = ops.expand_dims(mask, -2 * axes - 1)
    return mask


def _attention_equations(rank, axes):
    """einsum equations (key, query to scores) and (scores, value to result) for tensors of ``rank`` with heads before the last."""
    target = _LETTERS[:rank]
    source = "".join(c.upper() if i in axes else c for i, c in enumerate(target))
    kept = "".join(c for i, c in enumerate(target) if i not in axes and i != rank - 1)
    scores = kept + "".join(target[a] for a in axes) + "".join(source[a] for a in axes)
    value = source[:-1] + "z"
    return f"{source},{target}->{scores}", f"{scores},{value}->{target[:-1]}z"
