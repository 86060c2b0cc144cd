"""Attention of several heads."""

from keraunos.layers.attention_of_heads import AttentionOfHeads
from keraunos.util import registry


@registry.builtin("keras.layers")
class MultiHeadAttention(AttentionOfHeads):
    """Attention of several heads: ``softmax(Q·Kᵀ/√key_dim)·V`` on projections of query, key and value, then a projection back.

    Args:
        num_heads: number of heads.
        key_dim: size of each head's query and key.
        value_dim: size of each head's value; default ``key_dim``.
        dropout: share of attention weights dropped in training.
        use_bias: whether projections have biases.
        output_shape: size(s) of the output's last dimension(s); default the query's.
        attention_axes: axes over which is attended; default all between the batch and the features.
        sliding_window: a position attends to positions nearer than this only.
        flash_attention: whether the engine's fused kernel must be used.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
            bias_constraint: of each projection.
        use_gate: multiply each head's output by a sigmoid gate made from the query.
        seed: of the dropout.

    Call arguments: ``query``, ``value``, ``key`` (default ``value``), ``attention_mask`` ``(batch, T, S)``, false where a position
    of the query must not see one of the key; ``value_mask`` and ``key_mask`` ``(batch, S)``; ``query_mask``, which goes on to the
    output; ``use_causal_mask``, ``return_attention_scores``, ``training``.

    **Shape:** query ``(batch, T, features)``, value and key ``(batch, S, features)`` to ``(batch, T, features of the query)``;
    scores ``(batch, heads, T, S)``. Source: Vaswani et al., 2017, https://arxiv.org/abs/1706.03762.

    Raises:
        ValueError: shapes don't fit, sizes are no positive integers, ``flash_attention=True`` with dropout.

    >>> import keraunos as keras
    >>> layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)
    >>> x = keras.ops.ones((1, 3, 8))
    >>> layer(x, x).shape
    (1, 3, 8)
    """

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
        super().__init__(**kwargs)
        self.num_heads, self.key_dim, self.value_dim = num_heads, key_dim, value_dim or key_dim
        self._hold(
            dropout,
            use_bias,
            use_gate,
            sliding_window,
            flash_attention,
            seed,
            (kernel_initializer, bias_initializer),
            (kernel_regularizer, bias_regularizer),
            (kernel_constraint, bias_constraint),
            activity_regularizer,
        )
        self._heads, self._dims = (num_heads, num_heads), (key_dim, self.value_dim)
        self._output_sizes = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape or ()) or None
        self.attention_axes = (
            (attention_axes,) if isinstance(attention_axes, int) else tuple(attention_axes or ()) or None
        )

    def _positive(self):
        return (("num_heads", self.num_heads), ("key_dim", self.key_dim), ("value_dim", self.value_dim))

    query_dense = property(lambda self: self._query_dense, doc="Projection of the query.")
    key_dense = property(lambda self: self._key_dense, doc="Projection of the key.")
    value_dense = property(lambda self: self._value_dense, doc="Projection of the value.")
    output_dense = property(lambda self: self._output_dense, doc="Projection of the result.")

    def build(self, query_shape, value_shape, key_shape=None):
        super().build(query_shape, value_shape, key_shape)
        self.attention_axes = self._axes

    def get_config(self):
        return {**super().get_config(), "output_shape": self._output_sizes}
