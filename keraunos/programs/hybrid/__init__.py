"""Hybrids: networks that see, programs that reason, trained together from the program's results."""

from keraunos.programs.hybrid.abduction import Abduction
from keraunos.programs.hybrid.fold import Fold
from keraunos.programs.hybrid.grammar import Expression
from keraunos.programs.hybrid.induction import RuleInduction
from keraunos.programs.hybrid.likelihood import NegativeLogLikelihood, negative_log_likelihood
from keraunos.programs.hybrid.program import Program
from keraunos.programs.hybrid.shortcuts import Shortcuts

__all__ = [
    "Abduction",
    "Expression",
    "Fold",
    "NegativeLogLikelihood",
    "Program",
    "RuleInduction",
    "Shortcuts",
    "negative_log_likelihood",
]
