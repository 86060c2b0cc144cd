"""Helpers for messages: near names, short descriptions of what came."""

import difflib


def near(name, candidates, n=3):
    """A clause such as " Did you mean 'relu' or 'relu6'?", or "" when nothing is near."""
    hits = difflib.get_close_matches(str(name), [str(c) for c in candidates], n=n, cutoff=0.6)
    if not hits:
        lower = str(name).lower().replace("_", "")
        hits = [c for c in candidates if str(c).lower().replace("_", "") == lower][:n]
    if not hits:
        return ""
    quoted = [repr(h) for h in hits]
    text = quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " or " + quoted[-1]
    return f" Did you mean {text}?"


def describe(value):
    """What came, in a few words: an array by dtype and shape, anything else by type and a short repr."""
    shape = getattr(value, "shape", None)
    dtype = getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        return f"{type(value).__name__} of shape {tuple(shape)} and dtype {dtype}"
    text = repr(value)
    if len(text) > 60:
        text = text[:57] + "..."
    return f"{text} ({type(value).__name__})"
