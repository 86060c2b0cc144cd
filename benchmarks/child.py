"""One contender in a process of its own: `python -m benchmarks.child '{"call": "module:function", ...}'`.

Prints its result as JSON in the last line, after `MARK`. Kept free of imports: what is loaded here would be missing
from the import times measured.
"""

import sys
from ast import literal_eval
from importlib import import_module

MARK = "benchmark result: "


def main(order: str) -> None:
    """Call the contender named in `order` (a Python literal) and print what it returns."""
    order = literal_eval(order)
    for name in order.get("hidden", ()):
        sys.modules[name] = None  # an import of it fails as if it were not installed
    module, function = order["call"].split(":")
    result = getattr(import_module(module), function)(**order["arguments"])
    print(MARK + import_module("json").dumps(result), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
