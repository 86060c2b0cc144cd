"""Runs main() of an example and writes what it returns as JSON: run_main.py RESULT.json EXAMPLE.py [arguments].

The same file serves real Keras (`python run_main.py ...`) and keraunos (`keraunos run run_main.py ...`).
"""

import importlib.util
import json
import sys
from pathlib import Path


def run_main(example: Path, arguments: list[str]) -> dict:
    spec = importlib.util.spec_from_file_location(example.stem, example)
    module = importlib.util.module_from_spec(spec)
    sys.modules[example.stem] = module
    spec.loader.exec_module(module)
    result = module.main(arguments)
    return {**result, "framework": Path(module.keras.__file__).parent.name}


if __name__ == "__main__":
    result = run_main(Path(sys.argv[2]), sys.argv[3:])
    Path(sys.argv[1]).write_text(json.dumps(result, default=float), encoding="utf-8")
