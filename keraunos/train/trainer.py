"""``compile``, ``fit``, ``evaluate``, ``predict`` and the default steps: what makes a layer a model."""

from types import FunctionType

from keraunos import optimizers
from keraunos.backend import dispatch
from keraunos.core.scope import StateScope, real_rows
from keraunos.core.tracked import walk
from keraunos.core.variable import Structure
from keraunos.data.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from keraunos.data.source import one_batch
from keraunos.layers.input_spec import who
from keraunos.metrics.reduction_metrics import Mean
from keraunos.ops.symbolic import KerasTensor
from keraunos.optimizers.loss_scale_optimizer import LossScaleOptimizer
from keraunos.train.compile_config import compile_config_value, from_compile_config
from keraunos.train.compile_loss import CompileLoss
from keraunos.train.compile_metrics import CompileMetrics
from keraunos.train.gradients import value_and_grad
from keraunos.train.logs import flatten_logs, to_floats
from keraunos.train.loops import EvaluateLoop, FitLoop, PredictLoop
from keraunos.train.programs import Programs
from keraunos.train.state_tree import StateTree
from keraunos.train.step import build_by_calling, build_by_running, optimizers_of, stand_ins, step_function, takes_state
from keraunos.util import tree


class Trainer(StateTree):
    """Mixin of ``Model``."""

    run_eagerly = False
    _jit_compile = "auto"
    _passing = frozenset(
        (
            "stop_training",
            "history",
            "optimizer",
            "loss",
            "compiled",
            "steps_per_execution",
            "run_eagerly",
            "jit_compile",
        )
    )

    def _init_trainer(self):
        self._programs = Programs(self)
        self._compile_config = None
        self.compiled = False
        self.stop_training = False
        self.optimizer = None
        self.loss = None
        self.steps_per_execution = 1
        self.jit_compile = "auto"
        self.run_eagerly = False
        self._compile_loss = None
        self._compile_metrics = None
        self._loss_tracker = None
        self._log_order = []

    @property
    def jit_compile(self):
        """Whether steps are compiled; "auto" is whatever the engine does well."""
        return self._engine.traces if self._jit_compile == "auto" else self._jit_compile

    @jit_compile.setter
    def jit_compile(self, value):
        object.__setattr__(self, "_jit_compile", value if value == "auto" else bool(value))

    # -- compile -------------------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
        auto_scale_loss=True,
    ):
        """Say how the model is trained.

        Args:
            optimizer: name or ``Optimizer``.
            loss: name, function, ``Loss``; a list or dict of them for several outputs.
            loss_weights: list or dict of floats, one per output.
            metrics: list of names, functions, ``Metric``; a list of lists or a dict for several outputs.
            weighted_metrics: metrics that take the sample weights into account.
            run_eagerly: run steps one by one in Python, not compiled, for debugging.
            steps_per_execution: kept for compatibility; keraunos runs as many steps at once as callbacks allow.
            jit_compile: whether steps are compiled. "auto": on JAX yes; on PyTorch steps made of keraunos's own parts are recorded once
                and repeated, others run as they are, and True compiles them by ``torch.compile``.
            auto_scale_loss: scale the loss under the policy "mixed_float16".
        """
        config = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        optimizer = optimizers.get(optimizer)
        if (
            auto_scale_loss
            and self.dtype_policy.name == "mixed_float16"
            and not isinstance(optimizer, LossScaleOptimizer)
        ):
            optimizer = LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
        if isinstance(steps_per_execution, int) and steps_per_execution < 1:
            raise ValueError(
                f"{who(self)}: compile: steps_per_execution must be at least 1, got {steps_per_execution}."
            )
        self.optimizer = optimizer
        self.loss = loss
        self.steps_per_execution = steps_per_execution
        self.run_eagerly = run_eagerly
        self.jit_compile = jit_compile
        with self._engine_scope():
            self._loss_tracker = Mean(name="loss")
            names = self._output_names_for_compile()
            self._compile_loss = CompileLoss(loss, loss_weights, output_names=names) if loss is not None else None
            has_metrics = metrics is not None or weighted_metrics is not None
            self._compile_metrics = (
                CompileMetrics(metrics, weighted_metrics, output_names=names) if has_metrics else None
            )
        self._compile_config = config
        self._programs.clear()
        self.stop_training = False
        self.compiled = True

    def _output_names_for_compile(self):
        return getattr(self, "output_names", None)

    def _check_compiled(self, method):
        if not self.compiled:
            raise ValueError(
                f"{who(self)}: {method} needs a compiled model. Call model.compile(optimizer=..., loss=...) before model.{method}()."
            )

    def get_compile_config(self):
        """What ``compile`` was given, as a configuration."""
        from_config = self._compile_config
        if from_config is None:
            return {}
        return {k: compile_config_value(v) for k, v in from_config.items()}

    def compile_from_config(self, config):
        """Compile with what ``get_compile_config`` gave."""
        self.compile(**{k: from_compile_config(v) for k, v in config.items()})

    @property
    def metrics(self):
        """The loss's running mean, the model's own metrics, the compiled ones."""
        layers = self._flatten_layers()
        compiled = [m for x in layers if isinstance(x, Trainer) for m in (x._loss_tracker, x._compile_metrics)]
        others = [m for layer in layers for m in layer._metrics if not any(m is c for c in compiled)]
        if not self.compiled:
            return list(dict.fromkeys(others))
        of_outputs = self._compile_loss.metrics if self._compile_loss is not None else []
        found = [self._loss_tracker, *others, self._compile_metrics, *of_outputs]
        return list(dict.fromkeys(m for m in found if m is not None))

    @property
    def metrics_names(self):
        """Names of the metrics."""
        return [m.name for m in self.metrics]

    def reset_metrics(self):
        """Start all metrics anew."""
        for m in self.metrics:
            m.reset_state()

    # -- one step: written once, for every engine ----------------------------------------------------------------------------

    def train_step(self, data):
        """One step of training on a batch; returns the logs. Override it for a step of your own."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)

        def loss_of_batch():
            y_pred = self(x, training=True)
            return self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True), y_pred

        (loss, y_pred), gradients = self.value_and_grad(loss_of_batch, has_aux=True)
        self._loss_tracker.update_state(loss, sample_weight=_rows(x))
        if self.trainable_variables:
            self.optimizer.apply(gradients, self.trainable_variables)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data):
        """One step of evaluation on a batch; returns the logs."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False)
        self._loss_tracker.update_state(loss, sample_weight=_rows(x))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data):
        """Predictions for one batch."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)

    def value_and_grad(self, fn, variables=None, has_aux=False):
        """``fn()`` and its gradients with respect to ``variables`` (default: the trainable ones).

        With a loss-scaling optimizer the gradients are those of the scaled loss, as its ``apply`` expects.
        """
        variables = self.trainable_variables if variables is None else variables
        scale = None if self.optimizer is None else self.optimizer.scale_loss
        return value_and_grad(fn, variables, has_aux=has_aux, scale=scale)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The scalar that training minimises: compiled loss, penalties, and what layers added."""
        terms = []
        if self._compile_loss is not None:
            loss = self._compile_loss(y, y_pred, sample_weight)
            if loss is not None:
                terms.append(loss)
        terms.extend(self.losses)
        if not terms:
            raise ValueError(
                f"{who(self)}: there is no loss to compute: pass loss=... to compile(), call add_loss() in a layer, or override "
                "compute_loss()."
            )
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def stateless_compute_loss(
        self,
        trainable_variables,
        non_trainable_variables,
        metrics_variables,
        x=None,
        y=None,
        y_pred=None,
        sample_weight=None,
        training=True,
    ):
        """``compute_loss`` with given values of the variables.

        Returns:
            (loss, (trainable, non-trainable, metrics' values after it)).
        """
        groups = [self.trainable_variables, self.non_trainable_variables, self.metrics_variables]
        given = [trainable_variables, non_trainable_variables, metrics_variables]
        with StateScope(sum(groups, []), sum(map(list, given), [])) as scope:
            loss = self.compute_loss(x, y, y_pred, sample_weight=sample_weight, training=training)
        return loss, tuple([scope.read(v) for v in group] for group in groups)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Update the compiled metrics and return all results by name."""
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self):
        """Results of all metrics by name."""
        found = {}
        for m in self.metrics:
            result = m.result()
            found.update(result if isinstance(result, dict) else {m.name: result})
        return found

    def jax_state_sync(self):
        """Kept for compatibility: weights never leave the model, so there is nothing to bring back."""

    # -- building ------------------------------------------------------------------------------------------------------------

    def _build_for_training(self, kind, data, rows):
        """Make all variables that steps of ``kind`` need, from the specs of a batch: weights, optimizer slots, metrics."""
        with self._engine_scope():
            if self._has_call() and not self._is_all_built():
                self._build_weights(data, rows)
            optimizer = self.optimizer
            if kind == "train" and optimizer is not None and not optimizer.built and self._is_all_built():
                optimizer.build(self.trainable_variables)
            self._build_from_shapes(kind, data, rows)
            if not self._is_ready(kind) and self._runs_as_program(kind):  # else the first step makes what it needs
                build_by_running(self, kind, *stand_ins(data, rows))
                Structure.version += 1

    def _build_from_shapes(self, kind, data, rows):
        """Build loss and metrics from the shapes of targets and outputs: no step needs to be traced for that.

        A step of the stateless form must find them built, as it gets their variables' values.
        """
        parts = [p for p in (self._compile_loss, self._compile_metrics) if p is not None and not p.built]
        x, y, _ = unpack_x_y_sample_weight(data)
        stateless = takes_state(getattr(self, f"{kind}_step"))
        if not parts or y is None or not self._is_all_built() or (self._own_step(kind) and not stateless):
            return
        x, y = tree.map_structure(lambda a: None if a is None else KerasTensor((rows, *a.shape[1:]), a.dtype), (x, y))
        outputs = getattr(self, "_graph_outputs", None)
        if outputs is None and not stateless:
            return
        if outputs is None:
            outputs = self.compute_output_spec(x)
        y_pred = tree.map_structure(lambda t: KerasTensor((rows, *t.shape[1:]), t.dtype), outputs)
        for part in parts:
            part.build(y, y_pred)
        Structure.version += 1

    def _own_step(self, kind):
        """Whether a class has its own step, loss or metrics."""
        own = type(self)
        names = (f"{kind}_step", "compute_loss", "compute_metrics", "get_metrics_result")
        return any(getattr(own, n) is not getattr(Trainer, n) for n in names)

    def _has_call(self):
        return getattr(type(self).call, "_is_abstract", False) is False

    def _build_weights(self, data, rows):
        """Run the model on stand-ins for inputs, so that its layers make their weights."""
        x, _, _ = unpack_x_y_sample_weight(data)
        with self._programs.lock:
            build_by_calling(self, *stand_ins(x, rows))
        self.built = True
        Structure.version += 1

    def _is_ready(self, kind):
        """Whether every variable that a step of ``kind`` needs is there."""
        ready = self._is_all_built() and (self._compile_loss is None or self._compile_loss.built)
        if kind == "train":
            ready = ready and all(o.built for o in optimizers_of(self))
        inner = (
            self._compile_metrics.metrics if self._compile_metrics is not None and self._compile_metrics.built else []
        )
        return ready and all(getattr(m, "built", True) for m in (*self.metrics, *inner))

    # -- fit, evaluate, predict ----------------------------------------------------------------------------------------------

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
    ):
        """Train for a number of epochs.

        Args:
            x: arrays (or a list or dict of them), a DataFrame, a generator, ``PyDataset``, torch ``DataLoader`` or
                ``tf.data.Dataset``. First dimension: samples.
            y: targets like x; not with a dataset, which yields ``(x, y)`` or ``(x, y, sample_weight)``.
            batch_size: samples per step (default 32).
            epochs: index of the epoch at which to stop.
            verbose: 0 silent, 1 progress bar, 2 a line per epoch, "auto" (1 on a terminal, else lines).
            callbacks: list of ``keras.callbacks.Callback``.
            validation_split: share of the samples, from the end, to validate on.
            validation_data: ``(x, y)``, ``(x, y, sample_weight)`` or a dataset.
            shuffle: whether each epoch has its own order.
            class_weight: dict from class to weight.
            sample_weight: weights, one per sample.
            initial_epoch: epoch to begin with.
            steps_per_epoch, validation_steps: steps after which an epoch of a dataset without end is over.
            validation_batch_size: default ``batch_size``.
            validation_freq: validate every so many epochs, or a list of epochs.

        Returns:
            The ``History`` callback: ``history.history["loss"]`` and so on.
        """
        self._check_compiled("fit")
        with self._engine_scope():
            return FitLoop(self).run(
                x=x,
                y=y,
                batch_size=batch_size,
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                validation_split=validation_split,
                validation_data=validation_data,
                shuffle=shuffle,
                class_weight=class_weight,
                sample_weight=sample_weight,
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
                validation_steps=validation_steps,
                validation_batch_size=validation_batch_size,
                validation_freq=validation_freq,
            )

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
        **kwargs,
    ):
        """Loss and metrics on data (see ``fit`` for what data may be).

        Returns:
            A float, a list of floats in the order of ``metrics_names``, or a dict with ``return_dict``.
        """
        self._check_compiled("evaluate")
        if kwargs:
            raise TypeError(f"{who(self)}: evaluate: unknown argument(s) {sorted(kwargs)}.")
        with self._engine_scope():
            logs = EvaluateLoop(self).run(x, y, batch_size, verbose, sample_weight, steps, callbacks)
        return logs if return_dict else flatten_logs(logs, self._log_order)

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Outputs for all samples as NumPy arrays, computed batch by batch.

        Safe to call from several threads at once.
        """
        with self._engine_scope():
            return PredictLoop(self).run(x, batch_size, verbose, steps, callbacks)

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """One step of training on the given batch; returns its loss and metrics."""
        self._check_compiled("train_on_batch")
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Loss and metrics on the given batch."""
        self._check_compiled("test_on_batch")
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def _on_batch(self, kind, x, y, sample_weight, class_weight, return_dict):
        with self._engine_scope():
            data = one_batch(x, y, sample_weight, class_weight, who=f"{kind}_on_batch")
            rows = len(next(leaf for leaf in tree.flatten(data) if leaf is not None))
            self._build_for_training(kind, data, rows)
            self.reset_metrics()
            logs = to_floats(self._run_one(kind, data))
            self._metrics_now()  # notes the order of the logs
        return logs if return_dict else flatten_logs(logs, self._log_order)

    def _run_one(self, kind, data):
        if self._runs_as_program(kind):
            return self._programs.one_step(kind, data)
        asarray = self._engine.asarray
        data = tree.map_structure(lambda x: None if x is None else asarray(x), data)
        return step_function(self, kind)(data)

    def _runs_as_program(self, kind):
        """Whether steps are functions of the state: a step of the user's own may need a tape that it can reach (``loss.backward()``)."""
        if self.run_eagerly:
            return False
        return self.jit_compile or not self._engine.traces and not self._own_step(kind)

    def _repeats(self, kind):
        """Whether a step does the same each time, so that it may be run once and repeated: it is made of keraunos's own parts."""
        if self.jit_compile:
            return True
        outer = optimizers_of(self)
        inner = [v for o in outer for v in walk(list(vars(o).values())) if getattr(v, "_part_kind", "") == "optimizer"]
        parts = [*self._flatten_layers(), *outer, *inner, *self.metrics]
        if self._compile_metrics is not None:
            parts += self._compile_metrics.metrics
        if self._compile_loss is not None:
            parts += self._compile_loss.losses
        return all(_is_own(p) for p in parts) and not self._own_step(kind)

    def predict_on_batch(self, x):
        """Outputs for one batch as NumPy arrays."""
        with self._engine_scope():
            found = self._forward(one_batch(x, None, None, None, who="predict_on_batch"))
        return tree.map_structure(dispatch.to_host, found)

    def _forward(self, data):
        """Outputs for one batch as arrays of the engine."""
        if not self._is_all_built():
            self._build_weights(data, None)
        if self.run_eagerly:
            return self.predict_step(data)
        return self._programs.forward(data)

    def _is_all_built(self):
        self._programs.refresh()
        if self._programs.all_built is None:
            self._programs.all_built = True if all(layer.built for layer in self._flatten_layers()) else None
        return self._programs.all_built

    def _per_row(self, kind):
        """Whether rows of a batch don't see each other, so that a partial batch may be padded."""
        own = type(self)
        overridden = (
            "train_step",
            "test_step",
            "predict_step",
            "compute_loss",
            "compute_metrics",
            "get_metrics_result",
        )
        if any(getattr(own, n) is not getattr(Trainer, n) for n in overridden):
            return False
        if not all(layer._row_wise and layer.activity_regularizer is None for layer in self._flatten_layers()):
            return False
        if kind == "predict":
            return True
        loss_ok = self._compile_loss is None or self._compile_loss.row_wise
        return loss_ok and (self._compile_metrics is None or self._compile_metrics.row_wise)

    def _own_logs(self, kind):
        """Whether a step's logs are more than the results of the metrics."""
        own = type(self)
        names = (f"{kind}_step", "compute_metrics", "get_metrics_result")
        return any(getattr(own, n) is not getattr(Trainer, n) for n in names)

    def _metrics_now(self):
        """Results of the metrics as floats. Their few numbers are read from the device once and worked out on the host."""
        if not self._engine.trains or not self._metrics_are_known():
            return to_floats(self._noted(self.get_metrics_result()))
        variables = self.metrics_variables
        with dispatch.use("numpy"), StateScope(variables, [v.numpy() for v in variables]):
            return to_floats(self._noted(self.get_metrics_result()))

    def _noted(self, logs):
        """The logs; their order is that in which ``evaluate`` lists them."""
        self._log_order = [n for m in self.metrics for n in _names(m)]
        return logs

    def _metrics_are_known(self):
        """Whether all metrics are keraunos's own, which compute on every engine."""
        return all(m.row_wise if isinstance(m, CompileMetrics) else m._row_wise for m in self.metrics)

    def symbolic_build(self, data=None, **kwargs):
        """Make all variables (weights, optimizer slots, metrics) for a batch ``(x, y)``, computing nothing."""
        data = pack_x_y_sample_weight(*data) if isinstance(data, tuple) else data
        self._build_for_training("train", data, len(tree.flatten(data)[0]))


def _is_own(part):
    """Whether a part, and every function that it was given, is keraunos's own: neither draws, counts nor prints behind our back."""
    return all(_module_of(v).startswith("keraunos.") for v in (part, *vars(part).values()) if v is part or callable(v))


def _module_of(value):
    return (
        getattr(value, "__module__", None) if isinstance(value, (type, FunctionType)) else type(value).__module__
    ) or ""


def _names(metric):
    return [m.name for m in metric.metrics] if isinstance(metric, CompileMetrics) else [metric.name]


def _rows(x):
    """Number of (real) rows of a batch."""
    leaf = next((leaf for leaf in tree.flatten(x) if hasattr(leaf, "shape") and len(leaf.shape)), None)
    if leaf is None:
        return 1
    rows = real_rows(leaf.shape[0])
    return leaf.shape[0] if rows is None else rows.count
