"""The example of digit sums runs as a user runs it, and learns; the sequences of the benchmarks are what they say."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keraunos as keras
from benchmarks.hybrids import digits, formulas

ROOT = Path(__file__).parents[2]


@pytest.mark.trains
def test_digits_are_learnt_from_sums(tmp_path):
    command = [sys.executable, ROOT / "examples" / "digit_sums.py", "--epochs", "3", "--out", tmp_path]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-4000:]
    said = done.stdout.splitlines()
    assert said[0].endswith("no shortcuts.")
    assert said[-1].startswith("trained on 3000 sums; digits never seen: 9")
    assert {path.name for path in tmp_path.iterdir()} == {"digit_sums.keras", "digit_sums.png"}
    model = keras.saving.load_model(tmp_path / "digit_sums.keras")
    assert model.get_layer("sum").labels == tuple(range(19))
    assert model.get_layer("sum").fn is None


def test_formulas_of_the_benchmark_have_their_values():
    train, test = digits.split(0)
    assert len(train[0]) == 1347 and len(test[0]) == 450
    x, mask, values, texts = formulas.formulas(*test, 20, (1, 3, 5), np.random.default_rng(0), augment=True)
    assert x.shape == (20, 5, 8, 8, 1) and 0 <= x.min() < x.max() <= 1
    assert [len(t) for t in texts] == mask.sum(axis=1).tolist()
    assert not x[~mask].any() and x[mask].any(axis=(1, 2, 3)).all()
    fold = formulas.programs.Fold(formulas.step, (0, None, 1), formulas.value)
    assert [fold(*t) for t in texts] == values.tolist()
    assert fold(*"3+4*2") == 11
    assert fold(*"3+*") is None and fold(*"34") is None
