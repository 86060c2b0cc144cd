"""What an engine is. One folder, one subclass of ``Engine``; nothing above ``backend/`` knows which engine it runs on."""

import abc


class Engine(abc.ABC):
    """An engine: a namespace of functions, and the few program transformations that training needs.

    Attributes:
        name: what users write in ``set_backend(name)``.
        xp: the namespace that bodies of ops are written against: the Array API standard plus the primitives listed in
            ``PRIMITIVES``.
        natives: dict from op name to a function ``(xp, *args)`` that replaces the body of that op (a fused kernel, a right
            gradient at a kink).
        updates: dict from the name of an optimizer's rule to a function that updates lists of weights and slots at once, where the
            engine has a fused kernel: "adam" is ``(values, gradients, means, squares, rate, beta_1, beta_2, epsilon) -> (values, means,
            squares)``.
        random: namespace of generators over raw keys (uint32 arrays of shape (2,)).
        trains: whether ``value_and_grad`` is available.
        pads: whether a partial last batch is better padded and masked than run as a batch of another size (it is where programs are
            compiled for one size).
    """

    PRIMITIVES = (
        "asarray einsum erf erfinv bitcast scatter_reduce solve_triangular lu_factor eig scan while_loop cond vmap "
        "stop_gradient conv reduce_window dynamic_slice dynamic_update_slice make_complex erfc recomputed take_rows"
    ).split()

    name = None
    trains = True
    pads = True
    natives = {}
    updates = {}

    @abc.abstractmethod
    def is_array(self, x):
        """Whether x is an array of this engine (concrete or traced)."""

    @abc.abstractmethod
    def is_tracer(self, x):
        """Whether x stands for a value inside a program being traced."""

    @abc.abstractmethod
    def asarray(self, x, dtype=None):
        """An array of this engine from anything array-like; ``dtype`` is a standard name."""

    def scalar(self, v, dtype):
        """A Python number as an array that nobody changes; it may be kept for the next time."""
        return self.asarray(v, dtype)

    def adopt(self, x):
        """An array of this engine from a NumPy array that nobody else holds; it may take over the memory."""
        return self.asarray(x)

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
    def compile(self, fn, donate=(), static=()):
        """``fn`` as one compiled program (or ``fn`` itself on an engine that has none)."""

    def prepared(self, op, fn):
        """``fn(xp, *args)``, the body or native function of an op, in the form in which calls run it."""
        return fn

    @abc.abstractmethod
    def value_and_grad(self, fn):
        """``fn(list of arrays) -> (scalar, aux)`` made into ``arrays -> ((scalar, aux), gradients)``."""

    @abc.abstractmethod
    def steps(self, step):
        """``step(i, carry, constants) -> carry`` made into ``run(carry, constants, start, stop) -> carry``.

        However steps are cut into calls, the numbers must be the same. The carry given to ``run`` may not be used again.
        """

    def wait(self, x):
        """Return when x has been computed; x itself, on an engine that computes at once."""
        return x

    @abc.abstractmethod
    def device_scope(self, name):
        """A context in which new arrays go to the device of that name."""

    def device_of(self, x):
        """A readable name of where x lies."""
        return "cpu:0"
