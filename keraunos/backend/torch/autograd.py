"""Gradients of functions of a list of tensors, and functions with gradients of their own."""

import threading

import torch

from keraunos.util import tree


class _Depth(threading.local):
    inside = 0


_DEPTH = _Depth()  # how many functions are being differentiated in this thread, one inside the other


def is_nested():
    """Whether gradients that are being taken will be differentiated again."""
    return _DEPTH.inside > 1


def is_inside():
    """Whether a function is being differentiated, or mapped over rows, in this thread."""
    return _DEPTH.inside > 0 or _is_mapped()


def _is_mapped():
    return torch._C._functorch.peek_interpreter_stack() is not None


def value_and_grad(fn):
    """``fn(list of tensors) -> (scalar, aux)`` made into ``tensors -> ((scalar, aux), gradients)``.

    The tensors are leaves of their own, so that nothing outside takes part; inside another ``value_and_grad`` gradients can be
    differentiated again. What comes out at the outermost level carries no graph.
    """

    def run(tensors):
        if _is_mapped():  # the tape sees no rows; these derivatives can be taken of each other too
            gradients, (value, aux) = torch.func.grad_and_value(fn, has_aux=True)(list(tensors))
            return (value, aux), gradients
        nested = _DEPTH.inside > 0 or (torch.is_grad_enabled() and any(x.requires_grad for x in tensors))
        _DEPTH.inside += 1
        try:
            with torch.enable_grad():
                leaves = [_leaf(x) for x in tensors]
                value, aux = fn(leaves)
                gradients = _gradients(value, leaves, nested)
        finally:
            _DEPTH.inside -= 1
        if not nested:
            value, aux = detached(value), tree.map_structure(detached, aux)
        return (value, aux), gradients

    return run


def _leaf(x):
    """x as something that gradients are taken of; the graph behind x stays, for an outer derivative."""
    if x.requires_grad:
        return x.view_as(x)
    x = x.detach()
    return x.requires_grad_() if x.is_floating_point() or x.is_complex() else x


def _gradients(value, leaves, nested):
    """The gradients; zeros for what the value does not depend on."""
    wanted = [x for x in leaves if x.requires_grad]
    if not wanted or not value.requires_grad:
        return [torch.zeros_like(x) for x in leaves]
    found = iter(torch.autograd.grad(value, wanted, create_graph=nested, allow_unused=True, materialize_grads=True))
    return [next(found) if x.requires_grad else torch.zeros_like(x) for x in leaves]


def detached(x):
    """x without the graph behind it, anything else as it is."""
    return x.detach() if isinstance(x, torch.Tensor) and x.requires_grad else x


def custom_gradient(fn):
    """``fn(*args) -> (output, grad_fn)`` as a function with that gradient; grad_fn may close over what fn computed."""

    def wrapped(*args):
        output, rule = fn(*args)
        inputs = [a for a in tree.flatten(args) if isinstance(a, torch.Tensor)]
        if not torch.is_grad_enabled() or not any(a.requires_grad for a in inputs):
            return output
        leaves = tree.flatten(output)

        def pull(*upstream):
            """Gradients of the inputs."""
            found = rule(*upstream)
            found = found if isinstance(found, (tuple, list)) else (found,)
            pairs = zip(tree.flatten(found), tree.flatten(args), strict=True)
            return [g if a.requires_grad else None for g, a in pairs if isinstance(a, torch.Tensor)]

        return tree.unflatten_like(output, list(_Ruled.apply(pull, [x.detach() for x in leaves], *inputs)))

    return wrapped


class _Ruled(torch.autograd.Function):
    """Values that are known, and the function that gives their gradients."""

    @staticmethod
    def forward(ctx, pull, values, *inputs):
        ctx.pull = pull
        return tuple(values)

    @staticmethod
    def backward(ctx, *upstream):
        return None, None, *ctx.pull(*upstream)
