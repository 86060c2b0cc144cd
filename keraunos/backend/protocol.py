"""What an engine is. One folder, one subclass of ``Engine``; nothing above ``backend/`` knows which engine it runs on."""

import abc
import contextlib
import functools

from keraunos.backend import dispatch
from keraunos.backend.dtypes import NUMBERS


class NoGradients(RuntimeError):
    """A gradient was asked of an engine that takes none."""


class Engine(abc.ABC):
    """An engine: a namespace of functions, and the few program transformations that training needs.

    Attributes:
        name: what users write in ``set_backend(name)``.
        xp: the namespace that bodies of ops are written against: the Array API standard plus the primitives listed in
            ``PRIMITIVES``.
        direct_types: exact types of arrays, all of them with values, that calls may pass as they are; see ``direct``.
        natives: dict from op name to a function ``(xp, *args)`` that replaces the body of that op (a fused kernel, a right
            gradient at a kink).
        updates: dict from the name of an optimizer's rule to a function that updates lists of weights and slots at once, where the
            engine has a fused kernel: "adam" is ``(values, gradients, means, squares, rate, beta_1, beta_2, epsilon) -> (values, means,
            squares)``.
        recurrences: dict from "lstm", "gru", "simple_rnn" to a function for the whole layer in its usual form,
            ``(x, states, kernel, recurrent_kernel, bias) -> (outputs, states)``, where the engine has a kernel.
        random: namespace of generators over raw keys (uint32 arrays of shape (2,)).
        trains: whether ``value_and_grad`` is available.
        pads: whether a partial last batch is better padded and masked than run as a batch of another size (it is where programs are
            compiled for one size).
        traces: whether ``compile`` makes a program of any function, so that a step of the user's own is compiled too.
        layer_attributes: names of methods that code written for the engine's framework calls on models (``parameters``); they are those of
            ``as_module(layer)``.
        tapes: whether arrays note by themselves what is computed from them, so that the user may take gradients without keraunos.
    """

    PRIMITIVES = (
        "asarray einsum erf erfinv bitcast scatter_reduce solve_triangular lu_factor eig scan while_loop cond vmap "
        "stop_gradient conv reduce_window dynamic_slice dynamic_update_slice make_complex erfc recomputed take_rows "
        "get_item unique_sized is_traced jvp view"
    ).split()

    name = None
    layer_attributes = frozenset()
    trains = True
    pads = True
    traces = True
    tapes = False
    direct_types = frozenset()
    natives = {}
    updates = {}
    recurrences = {}

    @abc.abstractmethod
    def is_array(self, x):
        """Whether x is an array of this engine (concrete or traced)."""

    @abc.abstractmethod
    def is_tracer(self, x):
        """Whether x stands for a value inside a program being traced."""

    @abc.abstractmethod
    def in_trace(self):
        """Whether a program is being traced in this thread."""

    @abc.abstractmethod
    def canonical(self, dtype):
        """The standard name of the dtype that arrays get when ``dtype`` is asked for."""

    @abc.abstractmethod
    def dtype(self, name):
        """The engine's own dtype object of a standard name."""

    @abc.abstractmethod
    def asarray(self, x, dtype=None):
        """An array of this engine from anything array-like; ``dtype`` is a standard name."""

    def scalar(self, v, dtype):
        """A Python number as an array that nobody changes; it may be kept for the next time."""
        return self.asarray(v, dtype)

    def adopt(self, x):
        """An array of this engine from a NumPy array that nobody else holds; it may take over the memory."""
        return self.asarray(x)

    def __reduce__(self):
        """There is one engine of each name: copies and pickles of what refers to it refer to that one."""
        return dispatch.get_engine, (self.name,)

    @abc.abstractmethod
    def to_numpy(self, x):
        """A NumPy array with the values of x."""

    @abc.abstractmethod
    def abstract_eval(self, fn, specs):
        """Run ``fn(list of stand-ins)`` for a list of ``Spec`` and return its nested result with specs for arrays."""

    @abc.abstractmethod
    def eagerly(self):
        """A context in which computations on concrete values happen now, even inside a trace."""

    @abc.abstractmethod
    def compile(self, fn, donate=(), static=(), repeats=True, whole=False):
        """``fn`` as one compiled program (or ``fn`` itself on an engine that has none).

        Args:
            donate, static: places of arguments that are not used again; of arguments that are no arrays.
            repeats: whether ``fn`` does the same each time it gets arrays of the same shapes, so that running it once shows all.
            whole: whether a long compilation is worth it, on an engine that has a quick one too.
        """

    def direct(self, op, given, kinds, target):
        """A function that does a whole call of an op on arguments as they come, or None where only the general way is right.

        It may return ``NotImplemented`` for arguments that it does not take after all.

        Args:
            op: the ``Op``.
            given: types of the array arguments by place: one of ``direct_types``, or a Python number's.
            kinds: dtypes of those that are arrays to be promoted.
            target: name of the dtype that these and numbers are brought to, or None.
        """
        return self.converting(op.bind(self), given, kinds, target)

    def converting(self, fn, given, kinds, target):
        """``fn(xp, *args)`` as a function of arguments that it brings to ``target`` first; see ``direct``."""
        fn = functools.partial(fn, self.xp)
        astype, dtype = self.xp.astype, target and self.dtype(target)
        cast = [i for i, kind in kinds.items() if kind != dtype]
        numbers = [i for i, kind in given.items() if kind in NUMBERS]
        if not cast and not numbers:
            return fn

        def run(*args):
            args = list(args)
            for i in cast:
                args[i] = astype(args[i], dtype)
            for i in numbers:
                args[i] = self.scalar(args[i], target)
            return fn(*args)

        return run

    def prepared(self, op, fn):
        """``fn(xp, *args)``, the body or native function of an op, in the form in which calls run it."""
        return fn

    @abc.abstractmethod
    def value_and_grad(self, fn):
        """``fn(list of arrays) -> (scalar, aux)`` made into ``arrays -> ((scalar, aux), gradients)``."""

    @abc.abstractmethod
    def custom_gradient(self, fn):
        """``fn(*args) -> (output, grad_fn)`` as a function with that gradient; grad_fn may close over what fn computed."""

    @abc.abstractmethod
    def steps(self, step, repeats=True, whole=False):
        """``step(i, carry, constants) -> carry`` made into ``run(carry, constants, start, stop) -> carry``.

        However steps are cut into calls, the numbers must be the same. The carry given to ``run`` may not be used again.
        """

    def parameter(self, variable):
        """The value of a trainable variable as code outside of programs gets it (on an engine with ``tapes``)."""
        return variable._value

    def as_module(self, layer):
        """The framework's own object for a layer."""
        raise TypeError(f"The {self.name} engine has no modules of its own.")

    def taping(self):
        """Whether what is computed now is noted for gradients (on an engine with ``tapes``)."""
        return False

    def stored(self, value):
        """A value as a variable keeps it: without what it was computed from."""
        return value

    def untaped(self):
        """A context in which arrays note nothing."""
        return contextlib.nullcontext()

    def place(self, x, device):
        """x on the device of that name."""
        with self.device_scope(device):
            return self.asarray(self.to_numpy(x))

    def wait(self, x):
        """Return when x has been computed; x itself, on an engine that computes at once."""
        return x

    @abc.abstractmethod
    def device_scope(self, name):
        """A context in which new arrays go to the device of that name."""

    def device_of(self, x):
        """A readable name of where x lies."""
        return "cpu:0"
