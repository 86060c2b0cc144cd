"""Files of the examples' models, both ways between Keras and keraunos: the same predictions to 1e-6."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import keraunos

keras = pytest.importorskip("keras")

BOTH = {"keras": keras, "keraunos": keraunos}
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def modules():
    """Each example twice: its `import keras` gave real Keras, or keraunos."""
    found, before = {}, sys.modules["keras"]
    for framework, package in BOTH.items():
        sys.modules["keras"] = package
        for name in {name.partition(":")[0] for name in BUILDERS}:
            spec = importlib.util.spec_from_file_location(f"{name}_on_{framework}", EXAMPLES / f"{name}.py")
            found[framework, name] = module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
    sys.modules["keras"] = before
    return found


def two_heads(module):
    (x, y), _ = module.load_data()
    return module.build_model(x, y)


# script:what -> (the model that it makes, inputs for it)
IMAGES = np.random.default_rng(0).uniform(size=(5, 8, 8, 1)).astype("float32")
BUILDERS = {
    "image_classifier": (lambda module: module.build_model(), lambda module: IMAGES),
    "two_inputs_two_outputs": (two_heads, lambda module: module.load_data()[1][0]),
    "vae:encoder": (lambda module: module.build_encoder(seed=3), lambda module: IMAGES),
    "vae:decoder": (lambda module: module.build_decoder(), lambda module: IMAGES[:, 0, :2, 0]),
    "sequence_classifier": (lambda module: module.build_model(bidirectional=True), lambda module: WORDS),
    "transformer": (lambda module: module.build_model(), lambda module: IMAGES[..., 0]),
}
WORDS = np.random.default_rng(1).integers(1, 20, (5, 30)) * (np.arange(30) < [[30], [12], [7], [1], [29]])


@pytest.mark.parametrize(("source", "target"), [("keras", "keraunos"), ("keraunos", "keras")], ids="->".join)
@pytest.mark.parametrize("name", BUILDERS)
def test_an_examples_model_goes_there(name, source, target, modules, tmp_path):
    make, inputs = BUILDERS[name]
    script = name.partition(":")[0]
    model, x = make(modules[source, script]), inputs(modules[source, script])
    path = str(tmp_path / "model.keras")
    model.save(path)
    own = {"Sampling": modules[target, script].Sampling} if script == "vae" else None
    other = BOTH[target].models.load_model(path, custom_objects=own)
    found, want = (BOTH["keraunos"].tree.flatten(m.predict(x, verbose=0)) for m in (other, model))
    assert len(found) == len(want) and all(np.ptp(w) > 1e-3 for w in want)
    for a, b in zip(found, want, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6, rtol=1e-6)
