"""Digits learnt from the sums of N of them: no image has a label of its own.

    python benchmarks/hybrids/sums.py --lengths 1,2,4,15 --seeds 0,1,2

Writes a table and, with --out, a JSON file. Accuracies are on images that were never trained on.
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

IMAGES = 24_000  # images that are looked at in an epoch, whatever N is
EPOCHS = {1: 4, 2: 6, 4: 10, 15: 30}


def run(length, seed, epochs=None):
    """Figures of one training."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    (train_x, train_y), (test_x, test_y) = digits.split(seed)
    x, d = digits.sequences(train_x, train_y, IMAGES // length, length, rng)
    test, test_d = digits.sequences(test_x, test_y, 1000, length, rng)

    sees = digits.network(10)
    inputs = keras.Input((length, 8, 8, 1))
    program = programs.Program(programs.Fold(lambda total, digit: total + digit, 0), domain=10, from_logits=True)
    model = keras.Model(inputs, program(keras.layers.TimeDistributed(sees)(inputs)))
    epochs = epochs or EPOCHS[length]
    batch = 32 if length < 15 else 16
    rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * -(-len(x) // batch))
    model.compile(keras.optimizers.Adam(rate), loss=programs.NegativeLogLikelihood(), metrics=["accuracy"])
    start, wall = time.process_time(), time.perf_counter()
    history = model.fit(x, program.encode(d.sum(axis=1)), batch_size=batch, epochs=epochs, verbose=0)
    cpu, wall = time.process_time() - start, time.perf_counter() - wall
    return {
        "length": length,
        "seed": seed,
        "sums": len(x),
        "epochs": epochs,
        "digit_accuracy": digits.accuracy(digits.seen(sees, test_x), test_y),
        "sum_accuracy": digits.accuracy(program.decode(model.predict(test, verbose=0)), test_d.sum(axis=1)),
        "last_loss": history.history["loss"][-1],
        "cpu_seconds": cpu,
        "wall_seconds": wall,
    }


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", default="1,2,4,15")
    parser.add_argument("--seeds", default="0,1,2", help="separated by commas")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--out", type=Path, default=None)
    args = parser.parse_args(argv)
    found = []
    print("   N seed  sums epochs  digits    sums    loss  CPU s")
    for length in map(int, args.lengths.split(",")):
        for seed in map(int, args.seeds.split(",")):
            r = run(length, seed, args.epochs)
            found.append(r)
            print(
                f"{length:>4} {seed:>4} {r['sums']:>5} {r['epochs']:>6} {r['digit_accuracy']:>7.1%} {r['sum_accuracy']:>7.1%}"
                f" {r['last_loss']:>7.3f} {r['cpu_seconds']:>6.0f}",
                flush=True,
            )
    if args.out:
        args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


if __name__ == "__main__":
    main()
