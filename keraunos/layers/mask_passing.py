"""How masks go through a layer."""

import warnings

from keraunos.core.masks import get_mask, set_mask
from keraunos.layers.input_spec import who
from keraunos.util import tree


class MaskPassing:
    """Mixin of ``Layer``."""

    @property
    def supports_masking(self):
        """Whether masks of the input are understood or passed on."""
        return self._supports_masking

    @supports_masking.setter
    def supports_masking(self, value):
        self._supports_masking = value

    def compute_mask(self, inputs, previous_mask):
        """The mask of the output: that of the input, unless a class says otherwise."""
        return previous_mask

    def _add_masks(self, kwargs, args, tensors, signature):
        first = True
        for name, value in tensors.items():
            own = f"{name}_mask"
            wanted = own if own in signature.names else "mask" if first and "mask" in signature.names else None
            first = False
            if wanted is None or kwargs.get(wanted) is not None:
                continue
            if wanted in signature.positional and len(args) > signature.positional.index(wanted):
                continue
            masks = tree.map_structure(get_mask, value)
            if any(m is not None for m in tree.flatten(masks)):
                kwargs[wanted] = masks
        return kwargs

    def _carry_masks(self, args, kwargs, tensors, outputs):
        inputs = next(iter(tensors.values()), None)
        given = kwargs.get("mask")
        previous = given if given is not None else tree.map_structure(get_mask, inputs) if inputs is not None else None
        has_mask = previous is not None and (
            not tree.is_nested(previous) or any(m is not None for m in tree.flatten(previous))
        )
        makes_mask = type(self).compute_mask is not MaskPassing.compute_mask
        if not has_mask and not makes_mask:
            return
        if has_mask and not self._supports_masking and not makes_mask:
            warnings.warn(
                f"{who(self)} got an input with a mask, but does not support masking (set self.supports_masking = True), so the "
                "mask ends here.",
                stacklevel=4,
            )
            return
        leaves = tree.flatten(outputs)
        if all(get_mask(x) is not None for x in leaves):
            return
        masks = self.compute_mask(inputs, previous)
        if masks is None:
            return
        for x, mask in zip(leaves, tree.flatten(masks), strict=False):
            if mask is not None and get_mask(x) is None:
                set_mask(x, mask)
