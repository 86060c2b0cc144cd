"""Which dtypes a layer uses."""

from keraunos.core import dtype_policy
from keraunos.core.scope import LOCAL


class LayerDType:
    """Mixin of ``Layer``."""

    @property
    def dtype_policy(self):
        """Which dtypes the layer uses."""
        policy = self._dtype_policy
        return policy[self.path] if isinstance(policy, dtype_policy.DTypePolicyMap) else policy

    @dtype_policy.setter
    def dtype_policy(self, value):
        self._dtype_policy = dtype_policy.get(value)

    @property
    def path(self):
        """Name with the names of what it is in."""
        return "/".join((*LOCAL.names, self.name)) if not self.built else getattr(self, "_path", self.name)

    @property
    def compute_dtype(self):
        """Name of the dtype of the computation."""
        return self._dtype_policy.compute_dtype

    @property
    def variable_dtype(self):
        """Name of the dtype of the weights."""
        return self._dtype_policy.variable_dtype

    @property
    def input_dtype(self):
        """Name of the dtype to which float inputs are cast."""
        return self._dtype_policy.compute_dtype

    @property
    def dtype(self):
        """Name of the dtype of the weights."""
        return self._dtype_policy.variable_dtype

    @property
    def quantization_mode(self):
        """None: the layer is not quantized."""
        return None
