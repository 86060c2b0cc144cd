"""Shape and dtype of an array that isn't there."""


class Spec:
    """A shape (``None``: unknown dimension) and a dtype name; hashable, a leaf of trees, never changed."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape, dtype):
        self.shape = tuple(shape)
        self.dtype = dtype

    @property
    def ndim(self):
        """Number of dimensions."""
        return len(self.shape)

    def __eq__(self, other):
        return isinstance(other, Spec) and self.shape == other.shape and self.dtype == other.dtype

    def __hash__(self):
        return hash((self.shape, self.dtype))

    def __repr__(self):
        return f"Spec({self.shape}, {self.dtype!r})"
