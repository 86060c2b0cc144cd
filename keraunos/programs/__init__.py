"""Models that are programs."""

from keraunos.programs.formula import Formula, FormulaLayer
from keraunos.programs.hybrid import (
    Abduction,
    Expression,
    Fold,
    NegativeLogLikelihood,
    Program,
    RuleInduction,
    Shortcuts,
    negative_log_likelihood,
)
from keraunos.programs.synthesis import (
    DSL,
    Constant,
    ContradictionError,
    NoProgramFound,
    Primitive,
    RecognitionModel,
    Rule,
    Synthesis,
    TableProgram,
    learn_library,
    primitive,
    strings,
    synthesize,
)

__all__ = [
    "Abduction",
    "Constant",
    "ContradictionError",
    "DSL",
    "Expression",
    "Fold",
    "Formula",
    "FormulaLayer",
    "NegativeLogLikelihood",
    "NoProgramFound",
    "Primitive",
    "Program",
    "RecognitionModel",
    "Rule",
    "RuleInduction",
    "Shortcuts",
    "Synthesis",
    "TableProgram",
    "learn_library",
    "negative_log_likelihood",
    "primitive",
    "strings",
    "synthesize",
]
