"""Attention in which several heads of queries share one of keys and values."""

from keraunos.layers.attention_of_heads import AttentionOfHeads
from keraunos.layers.input_spec import who
from keraunos.util import registry


@registry.builtin("keras.layers", "GroupQueryAttention")
class GroupedQueryAttention(AttentionOfHeads):
    """Attention in which each head of keys and values serves a group of heads of queries: less to compute and to keep. One head for
    all is multi-query attention.

    Args:
        head_dim: size of each head.
        num_query_heads: number of heads of queries.
        num_key_value_heads: number of heads of keys and values, a divisor of it.
        dropout: share of attention weights dropped in training.
        use_bias: whether projections have biases.
        sliding_window: a position attends to positions nearer than this only.
        flash_attention: whether the engine's fused kernel must be used.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint: of each
            projection.
        activity_regularizer: penalty on the output of each projection, and on that of the layer.
        use_gate: multiply each head's output by a sigmoid gate made from the query.
        seed: of the dropout.

    Call arguments: see ``MultiHeadAttention``.

    **Shape:** query ``(batch, T, features)``, value and key ``(batch, S, features)`` to ``(batch, T, features of the query)``;
    scores ``(batch, num_query_heads, T, S)``. Source: Ainslie et al., 2023, https://arxiv.org/abs/2305.13245.

    Raises:
        ValueError: shapes don't fit, sizes are no positive integers, ``flash_attention=True`` with dropout.

    >>> import keraunos as keras
    >>> layer = keras.layers.GroupQueryAttention(head_dim=4, num_query_heads=6, num_key_value_heads=2)
    >>> x = keras.ops.ones((1, 3, 8))
    >>> layer(x, x).shape
    (1, 3, 8)
    """

    def __init__(
        self,
        head_dim,
        num_query_heads,
        num_key_value_heads,
        dropout=0.0,
        use_bias=True,
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
        self.head_dim, self.num_query_heads, self.num_key_value_heads = head_dim, num_query_heads, num_key_value_heads
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
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                f"{who(self)}: num_key_value_heads must divide num_query_heads, got {num_key_value_heads} and {num_query_heads}."
            )
        self._heads, self._dims = (num_query_heads, num_key_value_heads), (head_dim, head_dim)

    def _positive(self):
        return tuple((n, getattr(self, n)) for n in ("head_dim", "num_query_heads", "num_key_value_heads"))

    def _check_shapes(self, query, value, key):
        super()._check_shapes(query, value, key)
        if len(query) != 3:
            raise ValueError(f"{who(self)}: query must be (batch, T, features), got shape {query}.")


GroupQueryAttention = GroupedQueryAttention
