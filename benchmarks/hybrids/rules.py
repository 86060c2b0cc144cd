"""The rule is not given: which rule of two digits, and which seeing of the digits, explain 500 labels together?

    python benchmarks/hybrids/rules.py --seeds 0,1

For ten rules, and one that can't be found (parity: its labels never tell the digits apart). A rule is right when it gives the labels of
the true one on all digits; where labels fit several names of the digits (shortcuts), right under one such renaming, marked "renamed".
Digits are compared under the renaming that fits best of those.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.hybrids import digits
from keraunos import programs
from keraunos.programs.hybrid.shortcuts import same_up_to_names

RULES = {  # name -> (number of digits, the rule)
    "sum": (2, lambda a, b: a + b),
    "largest": (2, lambda a, b: max(a, b)),
    "distance": (2, lambda a, b: abs(a - b)),
    "product": (2, lambda a, b: a * b),
    "product mod 10": (2, lambda a, b: a * b % 10),
    "sum mod 10": (2, lambda a, b: (a + b) % 10),
    "number": (2, lambda a, b: 10 * a + b),
    "difference": (2, lambda a, b: a - b),
    "sum of 3": (3, lambda a, b, c: a + b + c),
    "largest of 3": (3, lambda a, b, c: max(a, b, c)),
}
IMPOSSIBLE = {"parity": (2, lambda a, b: (a + b) % 2)}
SAMPLES = 500


def labelled(images, labels, count, n, rule, rng):
    """Images of n digits and the rule's results."""
    x, d = digits.sequences(images, labels, count, n, rng)
    return x, np.array([rule(*row) for row in d.tolist()])


def table(rule, n):
    """The rule's results on all digits, (10,) * n."""
    columns = np.indices((10,) * n).reshape(n, -1).T.tolist()
    return np.array([np.asarray(rule(*row)).item() for row in columns]).reshape((10,) * n)


def perception(shape):
    """The network that learns to see, once the rule is known."""
    return digits.network(10)


def run(name, seed):
    """Figures of one rule."""
    n, rule = (RULES | IMPOSSIBLE)[name]
    rng = np.random.default_rng(seed)
    train, test = digits.split(seed)
    x, y = labelled(*train, SAMPLES, n, rule, rng)
    start = time.process_time()
    learner = programs.RuleInduction(perception=perception, seed=seed).fit(x, y)
    cpu = time.process_time() - start

    true, found = table(rule, n), table(learner.rule, n)
    renamed = same_up_to_names(true, found)  # digit -> how the learner must call it for its rule to give the labels
    seen = learner.symbols(test[0])
    if renamed is None:
        digit_accuracy = None
    else:  # of all readings with these labels: the one that was learnt
        group = [np.arange(10)] + [np.array([s[i] for i in range(10)]) for s in learner.shortcuts().swaps]
        digit_accuracy = max(digits.accuracy(seen, names[np.array(renamed)][test[1]]) for names in group)
    test_x, test_y = labelled(*test, 1000, n, rule, rng)
    return {
        "rule": name,
        "seed": seed,
        "found": learner.rule.text,
        "right": renamed is not None,
        "equal": bool(np.array_equal(true, found)),
        "equivalents": [ranked.rule.text for ranked, _ in learner.equivalents()],
        "readings": learner.shortcuts().permutations,
        "identifiable": learner.shortcuts().identifiable,
        "label_accuracy": digits.accuracy(learner.predict(test_x), test_y),
        "digit_accuracy": digit_accuracy,
        "digit_accuracy_as_named": digits.accuracy(seen, test[1]),
        "cpu_seconds": cpu,
    }


def line(r):
    """A row of the table."""
    verdict = "right" if r["equal"] else "renamed" if r["right"] else "WRONG"
    seen = "-" if r["digit_accuracy"] is None else f"{r['digit_accuracy']:.1%}"
    return (
        f"{r['rule']:<15} {r['seed']:>4} {verdict:<8} {r['found']:<20} {r['label_accuracy']:>7.1%} {seen:>7} "
        f"{r['digit_accuracy_as_named']:>8.1%} {r['readings']:>9,} {r['cpu_seconds']:>6.0f}  {', '.join(r['equivalents'])}"
    )


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", default=",".join([*RULES, *IMPOSSIBLE]))
    parser.add_argument("--seeds", default="0,1", help="separated by commas")
    parser.add_argument("--out", type=Path, default=None)
    args = parser.parse_args(argv)
    found = []
    print(
        "rule            seed verdict  found                 labels  digits as named  readings  CPU s  equivalent rules"
    )
    for seed in map(int, args.seeds.split(",")):
        for name in args.rules.split(","):
            found.append(run(name, seed))
            print(line(found[-1]), flush=True)
        right = sum(r["right"] for r in found if r["seed"] == seed and r["rule"] in RULES)
        print(f"seed {seed}: {right} of {sum(n in RULES for n in args.rules.split(','))} rules right")
    if args.out:
        args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


if __name__ == "__main__":
    main()
