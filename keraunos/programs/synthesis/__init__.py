"""Programming by example: programs of a typed language, found by search from a few examples."""

from keraunos.programs.synthesis.dsl import DSL, Constant, Primitive, primitive
from keraunos.programs.synthesis.examples import ContradictionError
from keraunos.programs.synthesis.library import learn_library
from keraunos.programs.synthesis.recognition import RecognitionModel
from keraunos.programs.synthesis.result import Rule
from keraunos.programs.synthesis.strings import strings
from keraunos.programs.synthesis.synthesize import Synthesis, synthesize
from keraunos.programs.synthesis.table import NoProgramFound, TableProgram

__all__ = [
    "DSL",
    "Constant",
    "ContradictionError",
    "NoProgramFound",
    "Primitive",
    "RecognitionModel",
    "Rule",
    "Synthesis",
    "TableProgram",
    "learn_library",
    "primitive",
    "strings",
    "synthesize",
]
