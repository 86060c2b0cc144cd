"""Handwritten formulas, such as 3 + 4 * 2, learnt from their values alone.

    python benchmarks/hybrids/formulas.py --seeds 0,1,2

Digits are real images, split into those trained on and those tested on; operators are drawn by a program (`digits.operators`). The
network is not told which place holds a digit: one classifier of 13 symbols sees every image, and the grammar is the program's.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

import keraunos as keras
from benchmarks.hybrids import digits
from keraunos import programs

SYMBOLS = "0123456789+-*"


def step(state, symbol):
    """(sum of the finished terms, value of the last term or None where a digit must follow, factor of that digit)."""
    total, term, factor = state
    if symbol.isdigit():
        return (total, factor * int(symbol), 1) if term is None else None
    if term is None:
        return None
    return (total, None, term) if symbol == "*" else (total + term, None, 1 if symbol == "+" else -1)


def value(state):
    """The formula's value, None where it ends in an operator."""
    total, term, _ = state
    return None if term is None else total + term


def formulas(images, labels, count, lengths, rng, augment):
    """(images (count, longest, 8, 8, 1), mask (count, longest), values, texts) of formulas of digits and operators in turn."""
    longest = max(lengths)
    sizes = rng.choice(lengths, size=count)
    mask = np.arange(longest) < sizes[:, None]  # (count, longest)
    chosen = rng.integers(len(images), size=(count, (longest + 1) // 2))
    signs = rng.choice(list("+-*"), size=(count, longest // 2))
    x = np.zeros((count, longest, 8, 8, 1), "float32")
    drawn = images[chosen.ravel()]
    x[:, ::2] = (digits.moved(drawn, rng) if augment else drawn).reshape(count, -1, 8, 8, 1)
    x[:, 1::2] = digits.operators(signs.ravel(), rng).reshape(count, -1, 8, 8, 1)
    x *= mask[..., None, None, None]
    text = np.empty((count, longest), "<U1")
    text[:, ::2], text[:, 1::2] = labels[chosen].astype(str), signs
    texts = ["".join(t[:n]) for t, n in zip(text, sizes)]
    return x, mask, np.array([eval(t) for t in texts]), texts


def build(lengths):
    """(model from images and mask to log P(value), program, network)."""
    sees = digits.network(len(SYMBOLS))
    images = keras.Input((max(lengths), 8, 8, 1), name="images")
    mask = keras.Input((max(lengths),), dtype="bool", name="mask")
    fold = programs.Fold(step, (0, None, 1), value, lengths=lengths)
    program = programs.Program(fold, SYMBOLS, from_logits=True, name="formula")
    outputs = program(keras.layers.TimeDistributed(sees)(images), mask=mask)
    return keras.Model([images, mask], outputs), program, sees


def run(lengths, seed, count, epochs):
    """Figures of one training."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    train, test = digits.split(seed)
    start = time.process_time()
    x, mask, y, _ = formulas(*train, count, lengths, rng, augment=True)
    model, program, sees = build(lengths)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * -(-count // 32))
    model.compile(keras.optimizers.Adam(rate), loss=programs.NegativeLogLikelihood(), metrics=["accuracy"])
    model.fit([x, mask], program.encode(y), batch_size=32, epochs=epochs, verbose=0)
    cpu = time.process_time() - start

    x, mask, y, texts = formulas(*test, 4000, lengths, rng, augment=False)
    found = program.decode(model.predict([x, mask], batch_size=100, verbose=0))
    right = np.array(found) == y
    by_length = {n: float(right[mask.sum(axis=1) == n].mean()) for n in lengths}
    return {
        "lengths": lengths,
        "seed": seed,
        "formulas": count,
        "epochs": epochs,
        "accuracy": float(right.mean()),
        "by_length": by_length,
        "digit_accuracy": digits.accuracy(digits.seen(sees, test[0]), test[1]),
        "cpu_seconds": cpu,
        "wrong": [f"{t} = {v}, found {f}" for t, v, f, ok in zip(texts, y, found, right) if not ok][:5],
    }


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", default="3,5", help="numbers of symbols of a formula")
    parser.add_argument("--seeds", default="0,1,2", help="separated by commas")
    parser.add_argument("--count", type=int, default=12000, help="formulas trained on")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--out", type=Path, default=None)
    args = parser.parse_args(argv)
    lengths = tuple(int(n) for n in args.lengths.split(","))
    found = []
    for seed in map(int, args.seeds.split(",")):
        r = run(lengths, seed, args.count, args.epochs)
        found.append(r)
        parts = ", ".join(f"{n} symbols {share:.2%}" for n, share in r["by_length"].items())
        print(
            f"seed {seed}: formulas {r['accuracy']:.2%} ({parts}), digits {r['digit_accuracy']:.2%}, {r['cpu_seconds']:.0f} CPU s",
            *r["wrong"],
            sep="\n  ",
            flush=True,
        )
    if args.out:
        args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


if __name__ == "__main__":
    main()
