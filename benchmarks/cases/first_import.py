"""Seconds until a library is imported, and until its first layer has been called."""

from benchmarks.case import OPTIONAL, Case, Goal, Metric, by_hand, through_keras

CASE = Case(
    name="import",
    about="`import X` in a fresh process, and the same followed by one Dense layer made and called",
    contenders=(
        *through_keras("benchmarks.hand.first_import:keras_api"),
        by_hand("jax", "benchmarks.hand.first_import:jax_alone"),
    ),
    metrics=(
        Metric("import", "import", "s", 1.0, clock="wall"),
        Metric("first_use", "import and first use", "s", 1.0, clock="wall"),
    ),
    goals=(
        Goal("import", 0.15, against="", absolute=True),
        Goal("first_use", 1.2, against="jax", against_metric="import"),
    ),
    check="the layer's output",
    tolerance=1e-5,
    repeats=5,
    hidden=OPTIONAL,
)
