"""Attention of one head, without projections."""

from keraunos import ops, random
from keraunos.layers.attention_mask import combined_mask
from keraunos.layers.input_spec import who
from keraunos.layers.layer import Layer
from keraunos.ops.symbolic import KerasTensor
from keraunos.util import registry


@registry.builtin("keras.layers")
class Attention(Layer):
    """Attention by dot products: softmax(Q · Kᵀ) · V.

    Args:
        use_scale: whether scores are multiplied by a scalar that is learnt.
        score_mode: "dot", or "concat": the score of a pair is w · sum(tanh(scale · (q + k))), w being learnt.
        dropout: share of the weights dropped in training.
        seed: of the dropout.

    Call arguments: ``inputs``, a list [query, value] or [query, value, key]; ``mask``, a list like it; ``use_causal_mask``,
    ``return_attention_scores``, ``training``.

    **Shape:** query ``(batch, T, dim)``, value ``(batch, S, value dim)``, key ``(batch, S, dim)`` (default: value) to
    ``(batch, T, value dim)``; scores ``(batch, T, S)``. Source: Luong et al., 2015, https://arxiv.org/abs/1508.04025.

    Raises:
        ValueError: inputs or masks are no such list, an unknown mode.

    >>> import keraunos as keras
    >>> query, value = keras.ops.zeros((1, 1, 2)), keras.ops.array([[[0.0, 2.0], [4.0, 2.0]]])
    >>> keras.layers.Attention()([query, value]).tolist()
    [[[2.0, 2.0]]]
    """

    _row_wise = True

    def __init__(self, use_scale=False, score_mode="dot", dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"{who(self)}: score_mode must be 'dot' or 'concat', got {score_mode!r}.")
        if not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
            raise ValueError(f"{who(self)}: dropout must be a number between 0 and 1, got {dropout!r}.")
        self.use_scale, self.score_mode, self.dropout, self.seed = use_scale, score_mode, dropout, seed
        if dropout > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape):
        _check_inputs(self, input_shape)
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(name="concat_score_weight", shape=(), initializer="ones")

    def _scores(self, query, key):
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))  # (batch, T, S)
            return scores if self.scale is None else scores * self.scale
        pairs = ops.expand_dims(query, -2) + ops.expand_dims(key, -3)  # (batch, T, S, dim)
        pairs = pairs if self.scale is None else pairs * self.scale
        return self.concat_score_weight * ops.sum(ops.tanh(pairs), axis=-1)

    def call(self, inputs, mask=None, training=False, return_attention_scores=False, use_causal_mask=False):
        _check_inputs(self, inputs)
        query_mask, value_mask = _masks(self, mask)
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) > 2 else value
        weights = self._scores(query, key)
        allowed = combined_mask(query.shape[1], value.shape[1], value_mask, causal=use_causal_mask)
        if allowed is not None:
            hidden = -6e4 if ops.dtype(weights) == "float16" else -1e9
            weights = ops.where(allowed, weights, ops.cast(hidden, weights.dtype))
        weights = ops.softmax(weights, axis=-1)
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        out = ops.matmul(weights, value)  # (batch, T, value dim)
        if query_mask is not None:
            out = out * ops.cast(ops.expand_dims(query_mask, -1), out.dtype)
        return (out, weights) if return_attention_scores else out

    def compute_mask(self, inputs, mask=None):
        """The output is masked as the query is."""
        return _masks(self, mask)[0]

    def compute_output_shape(self, input_shape):
        _check_inputs(self, input_shape)
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(
        self, inputs, mask=None, return_attention_scores=False, training=None, use_causal_mask=False
    ):
        shapes = [x.shape for x in inputs]
        out = KerasTensor(self.compute_output_shape(shapes), self.compute_dtype)
        if not return_attention_scores:
            return out
        return out, KerasTensor((*shapes[0][:-1], shapes[1][-2]), self.compute_dtype)


@registry.builtin("keras.layers")
class AdditiveAttention(Attention):
    """Attention by sums: softmax(sum(scale · tanh(q + k))) · V, after Bahdanau.

    Args:
        use_scale: whether each feature has a weight in the sum that is learnt.
        dropout: share of the weights dropped in training.
        seed: of the dropout.

    Call arguments and **Shape:** see ``Attention``; query and key have the same last dimension. Source: Bahdanau et al., 2014,
    https://arxiv.org/abs/1409.0473.

    >>> import keraunos as keras
    >>> query, value = keras.ops.zeros((1, 1, 2)), keras.ops.array([[[1.0, -1.0], [-1.0, 1.0]]])
    >>> keras.layers.AdditiveAttention(use_scale=False)([query, value]).tolist()
    [[[0.0, 0.0]]]
    """

    def __init__(self, use_scale=True, dropout=0.0, **kwargs):
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape):
        _check_inputs(self, input_shape)
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform")

    def _scores(self, query, key):
        pairs = ops.tanh(ops.expand_dims(query, -2) + ops.expand_dims(key, -3))  # (batch, T, S, dim)
        return ops.sum(pairs if self.scale is None else pairs * self.scale, axis=-1)

    def get_config(self):
        config = {**super().get_config(), "seed": self.seed}
        config.pop("score_mode", None)
        return config


def _check_inputs(layer, inputs):
    """Raise unless inputs, or their shapes, are two or three."""
    several = isinstance(inputs, (list, tuple)) and len(inputs) in (2, 3) and not isinstance(inputs[0], int)
    if not several:
        got = f"{len(inputs)} of them" if isinstance(inputs, list) else f"one: {getattr(inputs, 'shape', inputs)}"
        raise ValueError(f"{who(layer)}: expected a list of inputs, [query, value] or [query, value, key], got {got}.")


def _masks(layer, mask):
    """(mask of the query, mask of the value), each or None."""
    if mask is None:
        return None, None
    if not isinstance(mask, (list, tuple)) or len(mask) not in (2, 3):
        raise ValueError(
            f"{who(layer)}: mask must be a list of masks, [query, value] or [query, value, key], got {mask!r}."
        )
    return mask[0], mask[1]
