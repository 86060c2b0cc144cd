"""The namespace that bodies of ops see on PyTorch, under the names of the Array API and NumPy, and the primitives.

PyTorch's own functions are wrapped here rather than through ``array-api-compat``: bodies have promoted their arrays already,
so that the promotion which that package does again would only cost time, and it knows neither the narrow types for which
PyTorch lacks kernels nor the primitives.
"""

import types

from keraunos.backend.torch import control, conv, creation, elementwise, indexing, linalg, reductions, shapes
from keraunos.backend.torch.dtypes import to_dtype

_PLAIN = (creation, reductions, shapes, indexing, control, conv)

XP = types.SimpleNamespace(
    to_dtype=to_dtype,
    **elementwise.FUNCTIONS,
    **linalg.FUNCTIONS,
    **{fn.__name__: fn for module in _PLAIN for fn in module.FUNCTIONS},
)
