"""The weights of a model into a file, and back."""

import os
import warnings

from keraunos.saving.walk import walk
from keraunos.util import registry
from keraunos.util.errors import near

# Groups that older files have for what is not saved any more.
_FORMER = ("seed_generator", "optimizer", "metrics", "compile_metrics", "loss_tracker", "random_generator")


def save_state(model, writer):
    """Give every part of the model the chance to write its variables."""
    for path, part in walk(model):
        part.save_own_variables(writer.group(path, part.name))


def save_assets(model, folder):
    """Let layers that have files beside the weights (vocabularies) write them under ``folder``."""
    for path, part in walk(model):
        if _has_assets(part):
            inside = os.path.join(folder, *path.split("/")) if path else folder
            os.makedirs(inside, exist_ok=True)
            part.save_assets(inside)


def load_assets(model, folder):
    """Let layers read the files that ``save_assets`` wrote."""
    for path, part in walk(model):
        inside = os.path.join(folder, *path.split("/")) if path else folder
        if _has_assets(part) and os.path.isdir(inside):
            part.load_assets(inside)


def _has_assets(part):
    """Whether the class of a part defines ``save_assets`` (the base's does nothing)."""
    return hasattr(part, "save_assets") and not _is_inherited(part, "save_assets")


def _is_inherited(part, method):
    """Whether a method is that of the base of all layers (optimizers)."""
    base = ("keras.layers", "Layer") if part._part_kind == "layer" else ("keras.optimizers", "Optimizer")
    return getattr(type(part), method) is getattr(registry.find_builtin(*base), method, None)


def load_state(model, weights, skip_mismatch=False):
    """Assign all variables from a ``WeightsFile``; shapes are compared before the first one is read.

    With ``skip_mismatch`` parts whose number or shapes of weights differ stay as they are, with a warning.
    """
    parts, problems = [], []
    for path, part in walk(model):
        group = weights.group(path)
        if part._part_kind == "optimizer" and group is not None:
            _build_optimizer(model, part, group)
        problem = _mismatch(path, part, group)
        if problem is None:
            parts.append((path, part, group))
        elif part._part_kind == "optimizer":
            warnings.warn(f"{weights.name}: the state of the optimizer is not loaded: {problem}.", stacklevel=4)
        else:
            problems.append((path, problem))
    if problems and not skip_mismatch:
        raise ValueError(_report(weights, problems))
    for _, problem in problems:
        warnings.warn(f"{weights.name}: skipped: {problem}.", stacklevel=4)
    for path, part, group in parts:
        if group is not None:
            _load(part, group, weights, path, skip_mismatch)
    _warn_unused(weights, {path for path, _, _ in parts} | {path for path, _ in problems})


def _build_optimizer(model, optimizer, group):
    """Make the slots of the model's optimizer where the file has them."""
    if optimizer is getattr(model, "optimizer", None) and not optimizer.built and not _is_untrained(group):
        optimizer.build(model.trainable_variables)


def _is_untrained(group):
    """Whether a group is that of an optimizer which was saved before its slots were made: the step and the rate only."""
    return len(group) <= 2 and all(group.shape(key) == () for key in group)


def _load(part, group, weights, path, skip_mismatch):
    if _is_inherited(part, "load_own_variables"):
        for i, variable in enumerate(own_variables(part, group)):
            variable.assign(variable.engine.adopt(group[str(i)]))  # nobody else holds the array
        return
    try:
        part.load_own_variables(group)
    except KeyError as e:
        text = f"{weights.name}: {_title(path, part)} needs the variable {e.args[0]!r}; the file has {sorted(group)}."
        if not skip_mismatch:
            raise ValueError(text) from e
        warnings.warn(text, stacklevel=5)


def own_variables(part, group):
    """The variables that the base class reads from a group, in order."""
    if part._part_kind == "optimizer":
        own = list(part.variables)
        return own[: len(group)] if group is not None and _is_untrained(group) else own
    return [*part._trainable_variables, *part._non_trainable_variables]


def _mismatch(path, part, group):
    """What does not fit between a part and what the file has for it, or None."""
    if not _is_inherited(part, "load_own_variables"):
        return None  # a class that reads its variables in its own way
    own = own_variables(part, group)
    if group is None or len(group) != len(own):
        if not own and not group:
            return None
        stored = 0 if group is None else len(group)
        built = (
            ""
            if getattr(part, "built", True)
            else "; it has not been built: call the model on data, or build it, first"
        )
        names = [f"{v.name} {v.shape}" for v in own]
        return (
            f"{_title(path, part)}: expected {len(own)} variables ({', '.join(names) or 'none'}), got {stored}{built}"
        )
    for i, variable in enumerate(own):
        if str(i) not in group:
            return f"{_title(path, part)}: expected variables 0 to {len(own) - 1}, got {sorted(group)}"
        if tuple(group.shape(str(i))) != tuple(variable.shape):
            return (
                f"{_title(path, part)}: expected {variable.name!r} of shape {tuple(variable.shape)}, got shape "
                f"{tuple(group.shape(str(i)))}"
            )
    return None


def _title(path, part):
    return f"{type(part).__name__} {part.name!r}" + (f" (at {path} in the file)" if path else "")


def _report(weights, problems):
    shown = "; ".join(problem for _, problem in problems[:5])
    more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
    hint = near(problems[0][0], weights.paths()) if problems[0][0] else ""
    return f"{weights.name} does not fit the model. {shown}{more}.{hint} Nothing was loaded."


def _warn_unused(weights, used):
    """Weights that the model has no place for are worth a word."""
    unused = []
    for path in weights.paths():
        if path not in used and not any(part.lstrip("_").startswith(_FORMER) for part in path.split("/")):
            unused.append(path)
    if unused:
        shown = ", ".join(unused[:5]) + (f" and {len(unused) - 5} more" if len(unused) > 5 else "")
        warnings.warn(f"{weights.name}: the model has no place for the weights of {shown}.", stacklevel=4)
