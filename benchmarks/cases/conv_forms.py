"""Convolutions on JAX's CPU by shape: XLA's own, the form that keraunos chooses, and PyTorch's if it is installed.

    taskset -c 0 python -m benchmarks.cases.conv_forms --write docs/convolution.md     # Linux; some minutes
    taskset -c 0 python -m benchmarks.cases.conv_forms --only 3×3
    python -m benchmarks.cases.conv_forms --all-cores --write docs/convolution.md      # on the clock, all cores at work

The three parts of a convolution are timed one by one (CPU time of one core, the contenders in turns): the output, and the gradients
with respect to the inputs and the kernel; on JAX the last two also in a loop, as in a program of many steps.
"""

import argparse
import os
import re
import sys
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.machine import cpu_model, installed

# One thread where the clock adds up the time of all; it must be known before JAX starts.
os.environ.setdefault("XLA_FLAGS", "" if "--all-cores" in sys.argv else "--xla_cpu_multi_thread_eigen=false")

import jax
import jax.numpy as jnp
import numpy as np

from keraunos.backend.jax import conv  # noqa: F401 (it registers the forms)
from keraunos.backend.jax.conv_forms import form_of
from keraunos.backend.jax.conv_primitive import Geometry, convolve, part_of, shape_of, xla

ALL_CORES = "--all-cores" in sys.argv
PARTS = ("output", "inputs", "kernel")
LONG = 1.0  # seconds after which a contender is not run again
# name, batch, positions, channels, filters, kernel, stride (-2: a transposed convolution with stride 2), dilation, groups
SHAPES = [
    ("3×3", 64, (32, 32), 32, 32, (3, 3), 1, 1, 1),
    ("3×3", 64, (16, 16), 32, 64, (3, 3), 1, 1, 1),
    ("3×3", 64, (16, 16), 64, 64, (3, 3), 1, 1, 1),
    ("3×3", 64, (8, 8), 128, 128, (3, 3), 1, 1, 1),
    ("3×3", 8, (56, 56), 64, 64, (3, 3), 1, 1, 1),
    ("3×3, 3 channels", 64, (32, 32), 3, 32, (3, 3), 1, 1, 1),
    ("5×5, 1 channel", 64, (28, 28), 1, 32, (5, 5), 1, 1, 1),
    ("3×3, stride 2", 64, (32, 32), 32, 64, (3, 3), 2, 1, 1),
    ("3×3, dilation 2", 64, (16, 16), 64, 64, (3, 3), 1, 2, 1),
    ("1×1", 32, (16, 16), 64, 256, (1, 1), 1, 1, 1),
    ("1×1", 32, (16, 16), 256, 64, (1, 1), 1, 1, 1),
    ("2×2, stride 2", 64, (32, 32), 32, 64, (2, 2), 2, 1, 1),
    ("16×16, stride 16", 8, (224, 224), 3, 192, (16, 16), 16, 1, 1),
    ("depthwise 3×3", 32, (32, 32), 64, 64, (3, 3), 1, 1, 64),
    ("depthwise 3×3, stride 2", 32, (32, 32), 64, 64, (3, 3), 2, 1, 64),
    ("depthwise 5×5", 32, (16, 16), 128, 128, (5, 5), 1, 1, 128),
    ("3×3, 4 groups", 32, (16, 16), 64, 64, (3, 3), 1, 1, 4),
    ("3×3, 32 groups", 8, (16, 16), 128, 128, (3, 3), 1, 1, 32),
    ("5", 64, (256,), 64, 64, (5,), 1, 1, 1),
    ("3×3×3", 4, (16, 16, 16), 16, 32, (3, 3, 3), 1, 1, 1),
    ("4×4 transposed, stride 2", 32, (16, 16), 64, 32, (4, 4), -2, 1, 1),
]


def geometry(sizes, kernel, stride, dilation, groups) -> Geometry:
    """With padding "same"."""
    rank, up, stride = len(sizes), max(-stride, 1), max(stride, 1)
    padding = []
    for n, k in zip(sizes, kernel, strict=True):
        reach = (k - 1) * dilation + 1
        total = up + k - 2 if up > 1 else max((-(-n // stride) - 1) * stride + reach - n, 0)
        padding.append((total // 2, total - total // 2))
    return Geometry(sizes, kernel, (stride,) * rank, tuple(padding), (up,) * rank, (dilation,) * rank, groups)


def in_a_loop(part, form):
    """The part some times over, in one program."""

    def run(a, b, times):
        return jax.lax.fori_loop(
            0, times, lambda _, seen: seen + form(part, a + seen * 1e-9, b).ravel()[0], jnp.float32(0)
        )

    return jax.jit(run)


def on_jax(arrays, part, form, loop=False):
    """A function that computes the part, once; its argument says how often, in the loop."""
    program = in_a_loop(part, form) if loop else jax.jit(partial(form, part))
    return lambda times: program(*arrays, *[times] * loop).block_until_ready()


def on_torch(torch, x, w, d, g, part):
    """The same with PyTorch, in its channels-last format."""
    rank, transposed = len(g.sizes), max(g.input_dilation) > 1
    like = {2: torch.channels_last, 3: torch.channels_last_3d}.get(rank, torch.contiguous_format)

    def moved(v, *axes):
        return torch.tensor(np.asarray(v)).permute(*axes).contiguous(memory_format=like)

    x, d = (moved(v, 0, rank + 1, *range(1, rank + 1)) for v in (x, d))
    w = moved(w, *((rank, rank + 1) if transposed else (rank + 1, rank)), *range(rank))
    strides = g.input_dilation if transposed else g.strides
    if transposed:
        padding = [(k - u) // 2 for k, u in zip(g.kernel, strides, strict=True)]
    else:  # PyTorch pads alike on both sides: as much as the larger of both, the output has the same size
        padding = [max(pair) for pair in g.padding]
    rest = (strides, padding, g.kernel_dilation, transposed, [0] * rank, g.groups)
    if part == "output":
        return lambda _: torch.ops.aten.convolution(x, w, None, *rest)
    d = torch.ones_like(torch.ops.aten.convolution(x, w, None, *rest))
    wanted = [part == "inputs", part == "kernel", False]
    return lambda _: torch.ops.aten.convolution_backward(d, x, w, None, *rest, wanted)


def milliseconds(contenders, repeats):
    """Lower third of the times of each, in turns; what comes first, compiling, is not counted."""
    clock = perf_counter if ALL_CORES else process_time
    times = {name: [] for name in contenders}
    for run in contenders.values():
        run(0)
    for _ in range(repeats):
        for name, run in contenders.items():
            if sum(times[name]) < LONG:
                begun = clock()
                run(1)
                times[name].append(clock() - begun)
    return {name: 1e3 * sorted(found)[len(found) // 3] for name, found in times.items()}


def rows(shape, torch, repeats):
    """One row of the table for each part."""
    name, batch, sizes, channels, filters, kernel, stride, dilation, groups = shape
    g = geometry(sizes, kernel, stride, dilation, groups)
    rng = np.random.default_rng(0)
    x, w = (
        jnp.asarray(rng.normal(size=s), "float32")
        for s in ((batch, *sizes, channels), (*kernel, channels // groups, filters))
    )
    d = jnp.asarray(rng.normal(size=shape_of("output", x.shape, w.shape, g)), "float32")
    for part, arrays in zip(PARTS, ((x, w), (d, w), (x, d)), strict=True):
        chosen = partial(convolve, geometry=g)
        own = lambda part, a, b: part_of(xla, part, a, b, g)
        contenders = {"xla": on_jax(arrays, part, own), "ours": on_jax(arrays, part, chosen)}
        if part != "output" and groups == 1:  # XLA's groups take minutes in a loop
            contenders |= {"xla loop": on_jax(arrays, part, own, True), "ours loop": on_jax(arrays, part, chosen, True)}
        if torch:
            contenders["torch"] = on_torch(torch, x, w, d, g, part)
        found = milliseconds(contenders, repeats)
        label = f"{name}: {batch} of {'×'.join(map(str, sizes))}, {channels} → {filters}" if part == "output" else ""
        figures = [found.get(key) for key in ("xla", "ours", "torch", "xla loop", "ours loop")]
        shown = ["" if v is None else f"{v:.3g}" for v in figures]
        yield [label, part, form_of("cpu", part, g, channels, filters), *shown, f"{found['ours'] / found['xla']:.2f}"]


def table(torch, only, repeats):
    """Lines of Markdown."""
    yield "| convolution | part | form | XLA, ms | keraunos | PyTorch | XLA in a loop | keraunos in a loop | keraunos ÷ XLA |"
    yield "|---|---|---|--:|--:|--:|--:|--:|--:|"
    for shape in SHAPES:
        if only in shape[0]:
            yield from (f"| {' | '.join(row)} |" for row in rows(shape, torch, repeats))


def main():
    """Measure, print, and write into a page between its marks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="part of a name")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--write", type=Path, help="page with <!-- convolutions --> around the table")
    parser.add_argument("--all-cores", action="store_true", help="as many threads as there are cores, wall time")
    arguments = parser.parse_args()
    try:
        import torch

        torch.set_num_threads(os.cpu_count() if ALL_CORES else 1)
    except ImportError:
        torch = None
    lines, packages = [], ", ".join(f"{name} {installed(name)}" for name in ("jax", "jaxlib", "torch"))
    for line in table(torch, arguments.only, arguments.repeats):
        print(line, flush=True)
        lines.append(line)
        if arguments.write:
            load = f"Load of the machine {os.getloadavg()[0]:.0f}."
            cores = f"{os.cpu_count()} cores, wall time" if ALL_CORES else "one core, CPU time"
            write(arguments.write, [*lines, "", f"{cpu_model()}, {cores}, float32, milliseconds; {packages}. {load}"])


def write(page, lines):
    """Put lines between the marks of a page."""
    mark = "<!-- convolutions on all cores -->" if ALL_CORES else "<!-- convolutions -->"
    text = f"{mark}\n\n" + "\n".join(lines) + f"\n\n{mark}"
    page_with, places = re.subn(f"{mark}.*{mark}", lambda _: text, page.read_text("utf-8"), flags=re.DOTALL)
    if not places:
        raise ValueError(f"--write: {page} must have {mark} twice, around the place of the table.")
    page.write_text(page_with, "utf-8")


if __name__ == "__main__":
    main()
