"""Models: functional, sequential, subclassed."""

from keraunos.models.cloning import clone_model
from keraunos.models.functional import Functional
from keraunos.models.json import model_from_json
from keraunos.models.model import Model
from keraunos.models.sequential import Sequential
from keraunos.saving import load_model, save_model

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
