"""Formulas found by search: symbolic regression."""

from keraunos.programs.formula.candidate import Candidate
from keraunos.programs.formula.layer import FormulaLayer
from keraunos.programs.formula.model import Formula

__all__ = ["Candidate", "Formula", "FormulaLayer"]
