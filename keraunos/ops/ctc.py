"""Connectionist temporal classification: label sequences from frames that are not aligned with them.

Source: Graves et al., 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf. A frame shows a label or the blank; runs of
a label are merged, then blanks dropped.
"""

from keraunos.backend.dtypes import is_float_dtype
from keraunos.ops.activation import log_softmax
from keraunos.ops.op import op
from keraunos.util import settings

_NEVER = -1e5  # the logarithm of a probability of zero: finite, so that gradients stay so


def _frames(xp, name, output, argument):
    if output.ndim != 3:
        raise ValueError(f"{name}: {argument} must have shape (batch, frames, classes), got {tuple(output.shape)}.")
    return output if is_float_dtype(output.dtype) else xp.astype(output, settings.floatx())


def _per_sample(name, argument, value, batch):
    if tuple(value.shape) != (batch,):
        raise ValueError(
            f"{name}: {argument} must have shape ({batch},), one length a sample, got {tuple(value.shape)}."
        )


@op("target output target_length output_length", promote=None)
def ctc_loss(xp, target, output, target_length, output_length, mask_index=0):
    """-log of the probability that the frames show the target, over all alignments.

    **Shape:** target ``(batch, labels)`` of ints, output ``(batch, frames, classes)`` logits, both lengths ``(batch,)``; result
    ``(batch,)``. ``mask_index`` is the class of the blank. About 1e5 when the frames are too few for the target.
    Raises ValueError when the shapes don't fit.

    >>> from keraunos import ops
    >>> loss = ops.ctc_loss([[1]], ops.convert_to_tensor([[[0.0, 0.0]]]), [1], [1])
    >>> [round(v, 4) for v in loss.tolist()]
    [0.6931]
    """
    output = _frames(xp, "ctc_loss", output, "output")
    batch, frames, _ = output.shape
    if target.ndim != 2 or target.shape[0] != batch:
        raise ValueError(f"ctc_loss: target must have shape ({batch}, labels), got {tuple(target.shape)}.")
    _per_sample("ctc_loss", "target_length", target_length, batch)
    _per_sample("ctc_loss", "output_length", output_length, batch)
    labels = xp.astype(target, "int32")
    blanks = xp.full_like(labels, mask_index)
    path = xp.reshape(xp.stack([blanks, labels], axis=2), (batch, -1))  # (batch, 2 labels): blank, label, blank, …
    path = xp.concat(
        [path, blanks[:, :1] if labels.shape[1] else xp.full((batch, 1), mask_index, dtype="int32")], axis=1
    )
    states = path.shape[1]
    scores = xp.take_along_axis(log_softmax(output), xp.expand_dims(path, axis=1), axis=2)  # (batch, frames, states)
    # A label may follow the label two states before, unless they are equal.
    jump = xp.concat([xp.zeros((batch, min(2, states)), dtype="bool"), path[:, 2:] != path[:, :-2]], axis=1)
    jump = jump & (path != mask_index)

    place = xp.arange(states)
    start = xp.where(place < 2, scores[:, 0], _NEVER)

    def step(alpha, frame):
        score, t = frame
        one, two = _shift(xp, alpha, 1), xp.where(jump, _shift(xp, alpha, 2), _NEVER)
        new = xp.logaddexp(xp.logaddexp(alpha, one), two) + score
        return xp.where(xp.expand_dims(t < output_length, axis=1), new, alpha), t

    rest = (xp.moveaxis(scores, 1, 0)[1:], xp.arange(1, frames, dtype="int32"))
    alpha = xp.scan(step, start, rest)[0] if frames > 1 else start
    last = 2 * xp.expand_dims(xp.astype(target_length, "int32"), axis=1)
    ends = xp.where((place == last) | (place == last - 1), alpha, _NEVER)
    top = xp.stop_gradient(xp.max(ends, axis=1, keepdims=True))
    return -(xp.squeeze(top, axis=1) + xp.log(xp.sum(xp.exp(ends - top), axis=1)))


def _shift(xp, alpha, by):
    """Each state sees the one ``by`` places before it."""
    return xp.concat([xp.full_like(alpha[:, :by], _NEVER), alpha[:, :-by]], axis=1)


@op("inputs sequence_lengths", promote=None)
def ctc_decode(
    xp, inputs, sequence_lengths, strategy="greedy", beam_width=100, top_paths=1, merge_repeated=True, mask_index=0
):
    """Label sequences that the frames show: the best class of each frame, or a search over prefixes.

    **Shape:** inputs ``(batch, frames, classes)`` logits, sequence_lengths ``(batch,)``; returns sequences
    ``(top_paths, batch, frames)``, filled up with -1, and log probabilities ``(batch, top_paths)``. "greedy" finds one path;
    its score is of the one alignment; ``merge_repeated`` concerns it only. "beam_search" adds up the alignments of each of
    ``beam_width`` prefixes. Raises ValueError for another strategy.

    >>> from keraunos import ops
    >>> frames = ops.convert_to_tensor([[[0.0, 9.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]]])
    >>> ops.ctc_decode(frames, [3])[0].tolist()
    [[[1, 2, -1]]]
    """
    inputs = _frames(xp, "ctc_decode", inputs, "inputs")
    _per_sample("ctc_decode", "sequence_lengths", sequence_lengths, inputs.shape[0])
    if strategy not in ("greedy", "beam_search"):
        raise ValueError(f"ctc_decode: strategy must be 'greedy' or 'beam_search', got {strategy!r}.")
    scores = log_softmax(inputs)
    mask_index %= inputs.shape[2]
    if strategy == "greedy":
        return _greedy(xp, scores, sequence_lengths, merge_repeated, mask_index)
    if not 1 <= top_paths <= beam_width:
        raise ValueError(f"ctc_decode: top_paths must be between 1 and beam_width, {beam_width}, got {top_paths}.")
    return _beam_search(xp, scores, sequence_lengths, beam_width, top_paths, mask_index)


def _greedy(xp, scores, lengths, merge_repeated, blank):
    batch, frames, _ = scores.shape
    inside = xp.arange(frames) < xp.expand_dims(lengths, axis=1)
    best = xp.astype(xp.argmax(scores, axis=2), "int32")  # (batch, frames)
    total = xp.sum(xp.where(inside, xp.max(scores, axis=2), 0.0), axis=1, keepdims=True)
    keep = inside & (best != blank)
    if merge_repeated:
        keep = keep & xp.concat([xp.ones((batch, 1), dtype="bool"), best[:, 1:] != best[:, :-1]], axis=1)
    place = xp.cumsum(xp.astype(keep, "int32"), axis=1) - 1
    # Row i of the result is the label whose place it is: (batch, result, frames) compared, one entry in each row at most.
    here = (xp.expand_dims(place, axis=1) == xp.reshape(xp.arange(frames), (1, frames, 1))) & xp.expand_dims(
        keep, axis=1
    )
    labels = xp.sum(xp.where(here, xp.expand_dims(best, axis=1), 0), axis=2)
    labels = xp.where(xp.any(here, axis=2), labels, -1)
    return xp.expand_dims(xp.astype(labels, "int32"), axis=0), total


def _beam_search(xp, scores, lengths, width, top_paths, blank):
    """Prefixes with the log probabilities that their last frame is blank, and that it is not."""
    batch, frames, classes = scores.shape
    others = [c for c in range(classes) if c != blank]
    labels = xp.asarray(others) if others else None
    rows = xp.expand_dims(xp.arange(batch), axis=1)
    prefixes = xp.full((batch, width, frames), -1, dtype="int32")
    size = xp.zeros((batch, width), dtype="int32")
    first = xp.arange(width) == 0
    ends_blank = xp.where(first, xp.zeros_like(scores[:, :1, 0]), _NEVER * 1e3)
    ends_label = xp.full_like(ends_blank, _NEVER * 1e3)
    place = xp.arange(frames)

    def step(state, frame):
        prefixes, size, ends_blank, ends_label = state
        score, t = frame  # (batch, classes)
        both = xp.logaddexp(ends_blank, ends_label)
        last = xp.sum(xp.where(place == xp.expand_dims(size - 1, axis=2), prefixes, 0), axis=2)
        last = xp.where(size > 0, last, -1)
        stay_blank = both + score[:, blank : blank + 1]
        stay_label = xp.where(
            size > 0, ends_label + xp.take_along_axis(score, xp.where(last < 0, 0, last), axis=1), _NEVER * 1e3
        )
        same = xp.expand_dims(last, axis=2) == labels  # (batch, width, labels)
        longer = xp.where(same, xp.expand_dims(ends_blank, axis=2), xp.expand_dims(both, axis=2))
        longer = longer + xp.expand_dims(score[:, labels], axis=1)
        # A prefix that is another one and a label more is already there: the extension joins it.
        shorter = xp.where(place == xp.expand_dims(size - 1, axis=2), -1, prefixes)  # (batch, width, frames)
        child = xp.all(xp.expand_dims(shorter, axis=1) == xp.expand_dims(prefixes, axis=2), axis=3)
        child = child & (xp.expand_dims(size, axis=1) == xp.expand_dims(size, axis=2) + 1)  # (batch, parent, child)
        by = xp.expand_dims(child, axis=3) & xp.reshape(
            xp.expand_dims(last, axis=2) == labels, (batch, 1, width, len(others))
        )  # (batch, parent, child, labels)
        joins = xp.max(xp.where(by, xp.expand_dims(longer, axis=2), _NEVER * 1e3), axis=(1, 3))
        stay_label = xp.logaddexp(stay_label, joins)
        longer = xp.where(xp.any(by, axis=2), _NEVER * 1e3, longer)

        ranked = xp.concat([xp.logaddexp(stay_blank, stay_label), xp.reshape(longer, (batch, -1))], axis=1)
        chosen = xp.argsort(-ranked, axis=1)[:, :width]
        extends = chosen >= width
        extension = xp.where(extends, chosen - width, 0)
        parent = xp.where(extends, extension // len(others), chosen)
        label = xp.astype(labels[extension % len(others)], "int32")
        new_size = size[rows, parent] + xp.astype(extends, "int32")
        here = xp.expand_dims(extends, axis=2) & (place == xp.expand_dims(new_size - 1, axis=2))
        new_prefixes = xp.where(here, xp.expand_dims(label, axis=2), prefixes[rows, parent])
        never = xp.full_like(stay_blank, _NEVER * 1e3)
        new_blank = xp.where(extends, never, xp.take_along_axis(stay_blank, parent, axis=1))
        new_label = xp.where(
            extends, xp.take_along_axis(ranked, chosen, axis=1), xp.take_along_axis(stay_label, parent, axis=1)
        )
        live = xp.expand_dims(t < lengths, axis=1)
        new = (
            xp.where(xp.expand_dims(live, axis=2), new_prefixes, prefixes),
            xp.where(live, new_size, size),
            xp.where(live, new_blank, ends_blank),
            xp.where(live, new_label, ends_label),
        )
        return new, t

    per_frame = (xp.moveaxis(scores, 1, 0), xp.arange(frames, dtype="int32"))
    prefixes, size, ends_blank, ends_label = xp.scan(step, (prefixes, size, ends_blank, ends_label), per_frame)[0]
    return xp.moveaxis(prefixes[:, :top_paths], 1, 0), xp.logaddexp(ends_blank, ends_label)[:, :top_paths]
