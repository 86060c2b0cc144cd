"""Numbers and histograms for TensorBoard."""

import os
import time
import warnings

import numpy as np

from keraunos.callbacks.callback import Callback
from keraunos.util import registry
from keraunos.util.optional import require

_WHO = "TensorBoard"
_NOT_OFFERED = {
    "write_images": (False, "weights are not written as images"),
    "profile_batch": (0, "batches are not profiled"),
    "embeddings_freq": (0, "embeddings are not written"),
}


@registry.builtin("keras.callbacks")
class TensorBoard(Callback):
    """Write scalars and histograms for TensorBoard. Needs the package ``tensorboard``, not TensorFlow.

    Training goes to ``log_dir/train``, validation to ``log_dir/validation``, with Keras's tags: ``epoch_loss``, ``batch_loss``,
    ``epoch_learning_rate``, ``evaluation_loss_vs_iterations`` and so on.

    Args:
        log_dir: folder.
        histogram_freq: write histograms of all weights every so many epochs; 0: never.
        write_graph: accepted; a graph of the model is not written (``model.summary()`` and ``keras.utils.plot_model`` show it).
        write_images, profile_batch, embeddings_freq, embeddings_metadata: accepted with a warning, without effect.
        write_steps_per_second: whether the speed is written, per epoch, and per batch where batches are.
        update_freq: "epoch", "batch", or every so many batches: how often the numbers of batches are written.

    Raises:
        ImportError: tensorboard is not installed.
        ValueError: an argument is out of range.

    >>> import keraunos as keras
    >>> board = keras.callbacks.TensorBoard("logs", histogram_freq=1)
    """

    def __init__(
        self,
        log_dir="logs",
        histogram_freq=0,
        write_graph=True,
        write_images=False,
        write_steps_per_second=False,
        update_freq="epoch",
        profile_batch=0,
        embeddings_freq=0,
        embeddings_metadata=None,
    ):
        super().__init__()
        for name, value in {
            "write_images": write_images,
            "profile_batch": profile_batch,
            "embeddings_freq": embeddings_freq,
        }.items():
            off, what = _NOT_OFFERED[name]
            if value != off:
                warnings.warn(f"{_WHO}: {name}={value!r} has no effect: {what}.", stacklevel=2)
        update_freq = 1 if update_freq == "batch" else update_freq
        if update_freq != "epoch" and not (isinstance(update_freq, int) and update_freq > 0):
            raise ValueError(
                f"{_WHO}: update_freq must be 'epoch', 'batch' or a positive integer, got {update_freq!r}."
            )
        self.log_dir, self.histogram_freq, self.write_graph = os.fspath(log_dir), histogram_freq, write_graph
        self.write_images, self.profile_batch, self.embeddings_freq = write_images, profile_batch, embeddings_freq
        self.embeddings_metadata, self.write_steps_per_second = embeddings_metadata, write_steps_per_second
        self.update_freq = update_freq
        self.batches_before = 0
        self._writers, self._training = {}, False

    @property
    def batch_interval(self):
        """``update_freq`` when it counts batches."""
        return None if self.update_freq == "epoch" else self.update_freq

    def set_model(self, model):
        super().set_model(model)
        self._parts = _parts()

    # -- events --------------------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs=None):
        self._training = True
        self.batches_before = 0
        self._since = time.perf_counter(), 0

    def on_train_end(self, logs=None):
        self._training = False
        self._close()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_start = time.perf_counter(), self.batches_before

    def on_train_batch_end(self, batch, logs=None):
        done = self.batches_before + batch + 1
        if self.update_freq == "epoch" or done % self.update_freq:
            return
        scalars = {f"batch_{name}": value for name, value in (logs or {}).items()}
        if self.write_steps_per_second:
            scalars["batch_steps_per_second"] = self._speed(self._since, done)
            self._since = time.perf_counter(), done
        self._write("train", scalars, done)

    def on_epoch_end(self, epoch, logs=None):
        train = {f"epoch_{name}": value for name, value in (logs or {}).items() if not name.startswith("val_")}
        rate = getattr(self.model.optimizer, "learning_rate", None)
        if rate is not None:
            train["epoch_learning_rate"] = float(rate)
        if self.write_steps_per_second:
            train["epoch_steps_per_second"] = self._speed(self._epoch_start, self.batches_before)
        self._write("train", train, epoch)
        validation = {f"epoch_{name[4:]}": value for name, value in (logs or {}).items() if name.startswith("val_")}
        if validation:
            self._write("validation", validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_histograms(epoch)
        self._flush()

    def on_test_end(self, logs=None):
        step = getattr(self.model.optimizer, "iterations", None)
        if step is not None and logs:
            step = int(np.asarray(step))
            self._write("validation", {f"evaluation_{name}_vs_iterations": value for name, value in logs.items()}, step)
        if not self._training:
            self._close()

    @staticmethod
    def _speed(since, done):
        start, before = since
        return (done - before) / max(time.perf_counter() - start, 1e-9)

    # -- files ---------------------------------------------------------------------------------------------------------------

    def _writer(self, name):
        if name not in self._writers:
            self._writers[name] = self._parts.writer(os.path.join(self.log_dir, name))
        return self._writers[name]

    def _add(self, name, summary, step):
        self._writer(name).add_event(self._parts.event(wall_time=time.time(), step=step, summary=summary))

    def _write(self, name, scalars, step):
        for tag, value in scalars.items():
            if np.ndim(value) == 0:
                self._add(name, self._parts.scalar(tag, float(value)), step)

    def _write_histograms(self, epoch):
        for layer in self.model._flatten_layers(include_self=False):
            for weight in (*layer._trainable_variables, *layer._non_trainable_variables):
                tag = f"{weight.path}/histogram"
                self._add(
                    "train", self._parts.histogram(tag, np.asarray(weight.numpy(), np.float64), buckets=30), epoch
                )

    def _flush(self):
        for writer in self._writers.values():
            writer.flush()

    def _close(self):
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def get_state(self):
        return {"batches_before": self.batches_before}

    def set_state(self, state):
        self.batches_before = state["batches_before"]


class _parts:
    """What is used of the package ``tensorboard``."""

    def __init__(self):
        def load(module):
            return require("tensorboard", who=_WHO, module=f"tensorboard.{module}")

        self.writer = load("summary.writer.event_file_writer").EventFileWriter
        self.event = load("compat.proto.event_pb2").Event
        self.scalar = load("plugins.scalar.summary_v2").scalar_pb
        self.histogram = load("plugins.histogram.summary_v2").histogram_pb
