"""Many small networks side by side, each learning to see under another rule: how likely does each rule make the labels?"""

import numpy as np

from keraunos import ops
from keraunos.initializers import RandomNormal
from keraunos.layers import EinsumDense, Input
from keraunos.losses import Loss
from keraunos.models import Model
from keraunos.optimizers import Adam
from keraunos.programs.hybrid.marginals import LOG_ZERO

WORST = 12.0  # nats that one sample can cost a rule: one odd sample shall not decide


class BankLikelihood(Loss):
    """Σ over the rules of -log P(label | rule), from the logits of each rule's own network.

    **Shape:** tables ``(rules, Dⁿ)`` of label indices; y_true ``(batch,)``, y_pred ``(batch, n, rules, D)``; values ``(batch,)``.
    """

    _row_wise = True

    def __init__(self, tables, **kwargs):
        super().__init__(**kwargs)
        self.tables = tables

    def call(self, y_true, y_pred):
        return ops.sum(self.of_each(y_true, y_pred), axis=1)

    def of_each(self, y_true, y_pred):
        """-log P(label | rule), ``(batch, rules)``."""
        joint = joint_log_probs(y_pred)  # (batch, rules, Dⁿ)
        label = ops.cast(ops.reshape(y_true, (-1, 1, 1)), "int32")
        return -ops.logsumexp(ops.where(ops.convert_to_tensor(self.tables) == label, joint, LOG_ZERO), axis=-1)


def joint_log_probs(logits):
    """log P of each combination of n symbols: (batch, n, rules, D) to (batch, rules, Dⁿ), the last symbol changing fastest."""
    each = ops.log_softmax(logits, axis=-1)
    rules, size = each.shape[2:]
    joint = each[:, 0]  # (batch, rules, D)
    for i in range(1, each.shape[1]):
        joint = ops.expand_dims(joint, -1) + ops.expand_dims(each[:, i], 2)
        joint = ops.reshape(joint, (-1, rules, size ** (i + 1)))
    return joint


class Bank:
    """A network with one hidden layer for each rule; equal seeds give equal training.

    Args:
        tables: the label index of each combination under each rule, ``(rules, Dⁿ)``; -1 where it is none of the labels seen.
        shape: of the features, ``(n, features)``.
        size: number of symbols, D.
        hidden: units of the hidden layer.
        seed: of the weights.
        learning_rate: of Adam.
    """

    def __init__(self, tables, shape, size, hidden, seed, learning_rate=2e-3):
        self.tables = np.asarray(tables, np.int32)
        self._arguments = shape, size, hidden, seed, learning_rate
        n, features = shape
        rules = len(self.tables)
        inputs = Input(shape)
        x = EinsumDense(
            "bnf,rfh->bnrh",
            (n, rules, hidden),
            activation="relu",
            bias_axes="rh",
            kernel_initializer=RandomNormal(stddev=(2 / features) ** 0.5, seed=seed),
        )(inputs)
        x = EinsumDense(
            "bnrh,rhd->bnrd",
            (n, rules, size),
            bias_axes="rd",
            kernel_initializer=RandomNormal(stddev=hidden**-0.5, seed=seed + 1),
        )(x)
        self.model = Model(inputs, x)
        self.loss = BankLikelihood(self.tables)
        self.model.compile(Adam(learning_rate), loss=self.loss)

    def fit(self, x, y, epochs, batch_size=32, callbacks=None):
        """Train all networks for some epochs."""
        self.model.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0, callbacks=callbacks)

    def nats(self, x, y, batch_size=32):
        """Mean over samples of -log P(label | rule), none counting more than ``WORST``; (rules,)."""
        found = []
        for i in range(0, len(x), batch_size):
            logits = self.model.predict_on_batch(x[i : i + batch_size])
            found.append(np.asarray(self.loss.of_each(ops.convert_to_tensor(y[i : i + batch_size]), logits)))
        return np.minimum(np.concatenate(found), WORST).mean(axis=0)

    def seen(self, x, rule):
        """The most probable symbol of each input in the eyes of a rule's network: (samples, n, features) to (samples, n)."""
        return np.argmax(self.model.predict(x, verbose=0)[:, :, rule], axis=-1)

    def keep(self, chosen):
        """The bank of some of its rules, as far trained as they are (the optimizer starts afresh)."""
        smaller = Bank(self.tables[chosen], *self._arguments)
        smaller.model.set_weights([w[chosen] for w in self.model.get_weights()])
        return smaller

    @staticmethod
    def join(banks):
        """One bank of the rules of several."""
        joined = Bank(np.concatenate([b.tables for b in banks]), *banks[0]._arguments)
        weights = zip(*(b.model.get_weights() for b in banks))
        joined.model.set_weights([np.concatenate(w) for w in weights])
        return joined
