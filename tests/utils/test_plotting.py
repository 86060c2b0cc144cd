"""Pictures of models: what is drawn, where, and that nothing is drawn over."""

import itertools
import shutil

import pytest

import keraunos as keras
from keraunos import layers
from keraunos.utils.layout import place, ranks_of
from keraunos.utils.model_graph import Shown, graph_of


def encoder():
    return keras.Sequential(
        [keras.Input((16,), name="in"), layers.Dense(8, activation="relu", name="e1"), layers.Dense(16, name="e2")],
        name="enc",
    )


def network():
    a, b = keras.Input((16,), name="a"), keras.Input((4,), name="b")
    h = layers.Dense(16, activation="tanh", name="proj")(b)
    x = layers.Add(name="add")([a, h])
    y = encoder()(x)
    z = layers.Add(name="skip")([y, a])
    w = layers.Concatenate(name="cat")([z, h, b])
    return keras.Model([a, b], [layers.Dense(3, name="cls")(w), layers.Dense(1, name="reg")(z)], name="net")


def test_boxes_and_arrows():
    graph = graph_of(network(), Shown(shapes=True, dtype=True, activations=True))
    boxes = {b.key: b.lines for b in graph.boxes}
    assert boxes["proj"] == ["proj (Dense)", "activation: tanh", "in: (None, 4)", "out: (None, 16)", "dtype: float32"]
    assert boxes["a"][:2] == ["a (InputLayer)", "out: (None, 16)"]
    expected = "a-add b-proj proj-add add-enc enc-skip a-skip skip-cat proj-cat b-cat cat-cls skip-reg"
    assert {f"{a}-{b}" for a, b in graph.arrows} == set(expected.split())


def test_nested_models_are_opened():
    graph = graph_of(network(), Shown(names=False, expand=True))
    assert [b.key for b in graph.boxes if b.group == ("enc",)] == ["enc/in", "enc/e1", "enc/e2"]
    assert {("add", "enc/in"), ("enc/e1", "enc/e2"), ("enc/e2", "skip")} < set(graph.arrows)
    assert graph.boxes[-1].lines == ["Dense"]


def test_models_without_a_graph():
    stack = keras.Sequential([layers.Dense(2, name="a"), layers.Dense(1, name="b")])
    graph = graph_of(stack, Shown(shapes=True))
    assert graph.arrows == [("a", "b")] and graph.boxes[0].lines == ["a (Dense)", "not built"]

    class Own(keras.Model):
        def call(self, x):
            return x

    assert [b.lines for b in graph_of(Own(name="own"), Shown()).boxes] == [["own (Own)"]]


def test_ranks_are_longest_ways():
    assert ranks_of("abcd", [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")]) == {"a": 0, "b": 1, "c": 2, "d": 3}


@pytest.mark.parametrize("n", [1, 5, 12])
def test_boxes_do_not_overlap_and_arrows_pass_between(n):
    keys = list(range(n))
    arrows = [(a, b) for a, b in itertools.combinations(keys, 2) if (a * 7 + b * 3) % 4 == 0]
    sizes = {k: (40 + 13 * (k % 4), 20 + 9 * (k % 3)) for k in keys}
    centres, bends, (width, height) = place(sizes, arrows)
    for a, b in itertools.combinations(keys, 2):
        apart = [abs(centres[a][i] - centres[b][i]) - (sizes[a][i] + sizes[b][i]) / 2 for i in (0, 1)]
        assert max(apart) >= 5
    for x, y in (p for points in bends.values() for p in points):
        assert 0 <= x <= width + 1e-6 and 0 <= y <= height + 1e-6
        for k in keys:
            inside = abs(x - centres[k][0]) < sizes[k][0] / 2 and abs(y - centres[k][1]) < sizes[k][1] / 2
            assert not inside
    for a, b in arrows:
        assert centres[a][1] < centres[b][1]


@pytest.mark.parametrize("name", ["m.png", "m.svg", "m.pdf"])
@pytest.mark.parametrize("rankdir", ["TB", "RL"])
def test_a_file_is_written(name, rankdir, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    path = tmp_path / name
    options = {"show_shapes": True, "expand_nested": True, "show_trainable": True, "show_layer_activations": True}
    assert keras.utils.plot_model(network(), path, rankdir=rankdir, dpi=50, **options) is None
    assert path.stat().st_size > 2000


def test_dot():
    pytest.importorskip("pydot")
    dot = keras.utils.model_to_dot(network(), expand_nested=True, show_shapes=True, rankdir="LR")
    text = dot.to_string()
    assert "cluster_enc" in text and "rankdir=LR" in text and len(dot.get_edges()) == 13
    assert keras.utils.model_to_dot(encoder(), subgraph=True).get_name().startswith("cluster")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"rankdir": "XY"}, "rankdir must be one of"),
        ({"show_shape": True}, "unknown argument"),
        ({"model": 3}, "must be a model"),
    ],
)
def test_mistakes(arguments, said):
    with pytest.raises(ValueError, match=said):
        keras.utils.plot_model(**{"model": encoder(), "to_file": "never.png"} | arguments)
