"""What proves an engine: a class of tests for pytest, which packages with engines of their own inherit and run.

```python
from keraunos.testing import EngineConformance

class TestMine(EngineConformance):
    engine_name = "mine"
```
"""

import pytest

pytest.register_assert_rewrite(
    *(f"keraunos.testing.{module}" for module in ("compare", "basics", "functions", "programs", "training"))
)

from keraunos.testing.conformance import EngineConformance  # noqa: E402  (after its asserts are made to explain themselves)

__all__ = ["EngineConformance"]
