"""Attention of several heads."""

import math

from keraunos import constraints, initializers, ops, regularizers
from keraunos.layers.activation_layers import Softmax
from keraunos.layers.attention_mask import combined_mask
from keraunos.layers.dropout import Dropout
from keraunos.layers.einsum_dense import EinsumDense
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.util import registry

_LETTERS = "abcdefghijklmnopqrstuvw"


@registry.builtin("keras.layers")
class MultiHeadAttention(Layer):
    """Attention of several heads: ``softmax(Q·Kᵀ/√key_dim)·V`` on projections of query, key and value, then a projection back.

    Args:
        num_heads: number of heads.
        key_dim: size of each head's query and key.
        value_dim: size of each head's value; default ``key_dim``.
        dropout: share of attention weights dropped in training.
        use_bias: whether projections have biases.
        output_shape: size(s) of the output's last dimension(s); default the query's.
        attention_axes: axes over which is attended; default all but batch, heads and features.
        sliding_window: a position attends to positions nearer than this only.
        flash_attention: whether the engine's fused kernel must be used.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
            bias_constraint: of the projections.
        use_gate: multiply each head's output by a sigmoid gate made from the query.
        seed: of the dropout.

    Call arguments: ``query``, ``value``, ``key`` (default ``value``), ``attention_mask`` ``(batch, T, S)``, masks of the single
    inputs, ``use_causal_mask``, ``return_attention_scores``, ``training``.

    **Shape:** query ``(batch, T, features)``, value and key ``(batch, S, features)`` to ``(batch, T, features of the query)``; scores
    ``(batch, heads, T, S)``.

    Source: Vaswani et al., 2017 (arXiv:1706.03762).

    >>> import keraunos as keras
    >>> layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)
    >>> x = keras.ops.ones((1, 3, 8))
    >>> layer(x, x).shape
    (1, 3, 8)
    """

    _row_wise = True

    def __init__(
        self,
        num_heads,
        key_dim,
        value_dim=None,
        dropout=0.0,
        use_bias=True,
        output_shape=None,
        attention_axes=None,
        sliding_window=None,
        flash_attention=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        use_gate=False,
        seed=None,
        **kwargs,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        for name, value in (("num_heads", num_heads), ("key_dim", key_dim)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{who(self)}: {name} must be a positive integer, got {value!r}.")
        if sliding_window is not None and sliding_window < 1:
            raise ValueError(f"{who(self)}: sliding_window must be a positive integer or None, got {sliding_window!r}.")
        self.supports_masking = True
        self.num_heads, self.key_dim = num_heads, key_dim
        self.value_dim = value_dim or key_dim
        self.dropout, self.use_bias, self.use_gate = dropout, use_bias, use_gate
        self._output_sizes = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape) if output_shape else None
        self.attention_axes = (attention_axes,) if isinstance(attention_axes, int) else tuple(attention_axes or ()) or None
        self.sliding_window, self.flash_attention = sliding_window, flash_attention
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.seed = seed

    query_dense = property(lambda self: self._query_dense, doc="Projection of the query.")
    key_dense = property(lambda self: self._key_dense, doc="Projection of the key.")
    value_dense = property(lambda self: self._value_dense, doc="Projection of the value.")
    output_dense = property(lambda self: self._output_dense, doc="Projection of the result.")

    def build(self, query_shape, value_shape, key_shape=None):
        key_shape = value_shape if key_shape is None else key_shape
        if query_shape[-1] is None or len(query_shape) < 3:
            raise ValueError(f"{who(self)}: query must be (batch, ..., features) with known features, got shape {tuple(query_shape)}.")
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ValueError(
                f"{who(self)}: value and key must have the same dimensions but the last, got {tuple(value_shape)} and {tuple(key_shape)}."
            )
        self._query_dense = self._projection("query", query_shape, self.key_dim)
        self._key_dense = self._projection("key", key_shape, self.key_dim)
        if self.use_gate:
            self._gate_dense = self._projection("gate", query_shape, self.value_dim, activation="sigmoid")
        self._value_dense = self._projection("value", value_shape, self.value_dim)
        rank = len(query_shape) + 1  # with heads
        if self.attention_axes is None:
            self.attention_axes = tuple(range(1, rank - 2))
        else:
            self.attention_axes = tuple(a % (rank - 1) for a in self.attention_axes)
        self._equations = _attention_equations(rank, self.attention_axes)
        self._softmax = Softmax(axis=tuple(range(-len(self.attention_axes), 0)), dtype=self._dtype_policy)
        self._dropout_layer = Dropout(self.dropout, dtype=self._dtype_policy, seed=self.seed)
        sizes = self._output_sizes or (query_shape[-1],)
        free = _LETTERS[: len(query_shape) - 1]
        ends = "".join(chr(ord("A") + i) for i in range(len(sizes)))
        self._output_dense = EinsumDense(
            f"{free}xy,xy{ends}->{free}{ends}",
            output_shape=(*(None,) * (len(free) - 1), *sizes),
            bias_axes=ends if self.use_bias else None,
            name="attention_output",
            **self._options(),
        )
        self._output_dense.build((*query_shape[:-1], self.num_heads, self.value_dim))

    def _options(self):
        """What all projections share; initializers anew, so that each draws its own numbers."""
        fresh = lambda i: type(i).from_config(i.get_config())  # noqa: E731
        return {
            "kernel_initializer": fresh(self.kernel_initializer),
            "bias_initializer": fresh(self.bias_initializer),
            "kernel_regularizer": self.kernel_regularizer,
            "bias_regularizer": self.bias_regularizer,
            "activity_regularizer": self.activity_regularizer,
            "kernel_constraint": self.kernel_constraint,
            "bias_constraint": self.bias_constraint,
            "dtype": self._dtype_policy,
        }

    def _projection(self, name, shape, size, activation=None):
        free = _LETTERS[: len(shape) - 1]
        made = EinsumDense(
            f"{free}x,xyz->{free}yz",
            output_shape=(*(None,) * (len(free) - 1), self.num_heads, size),
            activation=activation,
            bias_axes="yz" if self.use_bias else None,
            name=name,
            **self._options(),
        )
        made.build(tuple(shape))
        return made

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
        mask = combined_mask(query, value, value_mask, key_mask, attention_mask, use_causal_mask, self.sliding_window)
        q, k, v = self._query_dense(query), self._key_dense(key), self._value_dense(value)  # (batch, ..., heads, dim)
        scores = None
        if self._is_plain(q, training, return_attention_scores):
            if mask is not None:
                mask = ops.expand_dims(mask, 1)  # (batch, 1, T, S)
            out = ops.dot_product_attention(q, k, v, mask=mask, scale=1 / math.sqrt(self.key_dim), flash_attention=self.flash_attention)
        else:
            out, scores = self._attend(q, k, v, mask, training)
        if self.use_gate:
            out = out * self._gate_dense(query)
        out = self._output_dense(out)
        return (out, scores) if return_attention_scores else out

    def _is_plain(self, q, training, return_attention_scores):
        """Whether it is attention over one axis with nothing else, for which engines have kernels."""
        drops = training and self.dropout > 0
        return len(self.attention_axes) == 1 and len(q.shape) == 4 and not drops and not return_attention_scores

    def _attend(self, q, k, v, mask, training):
        if self.flash_attention:
            raise ValueError(f"{who(self)}: flash_attention=True can't return scores, drop weights, or attend over several axes.")
        to_scores, to_values = self._equations
        scores = ops.einsum(to_scores, k, ops.multiply(q, ops.cast(1 / math.sqrt(self.key_dim), q.dtype)))
        if mask is not None:
            at = -len(self.attention_axes) * 2 - 1
            while len(mask.shape) < len(scores.shape):
                mask = ops.expand_dims(mask, at)
        scores = self._softmax(scores, mask=mask)
        dropped = self._dropout_layer(scores, training=training)
        return ops.einsum(to_values, dropped, v), scores

    def compute_mask(self, query, previous_mask):
        """The output is masked as the query is."""
        return previous_mask if not isinstance(previous_mask, (list, tuple)) else previous_mask[0]

    def compute_output_shape(self, query_shape, value_shape, key_shape=None):
        return (*query_shape[:-1], *(self._output_sizes or (query_shape[-1],)))

    def compute_output_spec(
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
        return self._infer_spec(
            query,
            value,
            key=key,
            attention_mask=attention_mask,
            return_attention_scores=return_attention_scores,
            use_causal_mask=use_causal_mask,
        )

    def get_config(self):
        config = super().get_config()
        config["output_shape"] = self._output_sizes
        config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer) if self.activity_regularizer else None
        del config["flash_attention"]
        return config


def _attention_equations(rank, axes):
    """einsum equations (key, query to scores) and (scores, value to result) for tensors of ``rank`` with heads before the last."""
    target = _LETTERS[:rank]
    source = "".join(c.upper() if i in axes else c for i, c in enumerate(target))
    kept = "".join(c for i, c in enumerate(target) if i not in axes and i != rank - 1)
    scores = kept + "".join(target[a] for a in axes) + "".join(source[a] for a in axes)
    value = source[:-1] + "z"
    return f"{source},{target}->{scores}", f"{scores},{value}->{target[:-1]}z"
