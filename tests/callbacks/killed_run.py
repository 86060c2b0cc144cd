"""A fit that kills itself: `python killed_run.py FOLDER KILL_AT SAVE_FREQ` (KILL_AT: a batch counted over all epochs, or -1)."""

import os
import signal
import sys

import numpy as np

import keraunos as keras

EPOCHS, STEPS, ROWS = 4, 7, 100


class Killer(keras.callbacks.Callback):
    """Ends the process, as the machine might, at a batch counted over all epochs."""

    def __init__(self, at):
        super().__init__()
        self.at, self.epoch = at, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch * STEPS + batch == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def train(folder, kill_at=-1, save_freq=3):
    """Fit with shuffling, dropout, momentum and callbacks that count; returns all weights, optimizer included."""
    keras.utils.set_random_seed(5)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(ROWS, 6)).astype("float32")
    y = (x.sum(1) > 0).astype("int32")
    layers = [keras.layers.Dense(8, activation="relu"), keras.layers.Dropout(0.3), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((6,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss, metrics=["accuracy"])
    callbacks = [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
        keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=10.0),
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=2, restore_best_weights=True),
        keras.callbacks.CSVLogger(os.path.join(folder, "log.csv")),
    ]
    if save_freq:
        callbacks.append(keras.callbacks.BackupAndRestore(os.path.join(folder, "backup"), save_freq=save_freq))
    if kill_at >= 0:
        callbacks.insert(1, Killer(kill_at))
    history = model.fit(
        x, y, batch_size=16, epochs=EPOCHS, validation_split=0.0, validation_data=(x, y), verbose=0, callbacks=callbacks
    )
    found = {f"w{i}": w for i, w in enumerate(model.get_weights())}
    found |= {f"o{i}": np.asarray(v) for i, v in enumerate(model.optimizer.variables)}
    return found | {name: np.asarray(values) for name, values in history.history.items()}


if __name__ == "__main__":
    folder, kill_at, save_freq = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    found = train(folder, kill_at, save_freq if save_freq == "epoch" else int(save_freq))
    np.savez(os.path.join(folder, "end.npz"), **found)
