"""Whole models and weights in files: round trips, endings, mismatches, damage, hostile archives."""

import io
import json
import os
import pathlib
import stat
import zipfile

import h5py
import numpy as np
import pytest

import keraunos as keras
from keraunos.saving.walk import walk


def make(*units, name="m", features=3):
    return keras.Sequential([keras.Input((features,)), *(keras.layers.Dense(n) for n in units)], name=name)


def same(a, b):
    for u, v in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(u, v)


@pytest.mark.parametrize("as_path", [str, pathlib.Path])
def test_there_and_back(tmp_path, as_path):
    model, path = make(4, 2), as_path(tmp_path / "m.keras")
    keras.saving.save_model(model, path)
    back = keras.saving.load_model(path)
    same(model, back)
    assert type(back) is keras.Sequential and back.name == "m"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o666 & ~_umask()
    other = make(4, 2)
    keras.saving.load_weights(other, path)
    same(model, other)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None and archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert json.loads(archive.read("metadata.json"))["keras_version"].startswith("3.")


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    ("act", "error", "says"),
    [
        (lambda m: m.save("m.foo"), ValueError, "must end in '.keras'"),
        (lambda m: m.save("m"), ValueError, "must end in '.keras'"),
        (lambda m: m.save(io.BytesIO()), ValueError, "must end in '.keras'"),
        (lambda m: m.save("m.keras", colour="red"), ValueError, "unknown argument"),
        (lambda m: m.save("nowhere/m.keras"), FileNotFoundError, "does not exist"),
        (lambda m: m.save_weights("m.h5"), ValueError, "must end in '.weights.h5'"),
        (lambda m: m.save_weights("m.weights.json", max_shard_size=0), ValueError, "positive number of GB"),
        (lambda m: m.save_weights("m.weights.json", max_shard_size=1e-9), ValueError, "max_shard_size is 1 bytes"),
        (lambda m: keras.saving.load_model("m.keras"), ValueError, "File not found: 'm.keras'"),
        (lambda m: keras.saving.load_model("m.keras"), FileNotFoundError, "File not found: 'm.keras'"),
        (lambda m: m.load_weights("m.weights.h5"), FileNotFoundError, "File not found"),
        (lambda m: m.load_weights("m.weights.h5", colour="red"), ValueError, "unknown argument"),
    ],
)
def test_wrong_arguments(act, error, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=says):
        act(make(2))
    assert not os.listdir(tmp_path)


def test_overwriting_is_asked_for(tmp_path, monkeypatch):
    path = tmp_path / "m.keras"
    make(2, name="old").save(path)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        make(2, name="new").save(path, overwrite=False)

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for answer, name in (("n", "old"), ("y", "new")):
        monkeypatch.setattr("sys.stdin", Terminal(answer + "\n"))
        make(2, name="new").save(path, overwrite=False)
        assert keras.saving.load_model(path).name == name


MISMATCHES = [
    # what the file holds, what the model is, what the message says
    (
        (4, 5),
        (4, 6),
        r"Dense 'd1' \(at layers/dense_1 in the file\): expected 'kernel' of shape \(4, 6\), got shape \(4, 5\)",
    ),
    ((4,), (4, 5), r"Dense 'd1' .*expected 2 variables \(kernel \(4, 5\), bias \(5,\)\), got 0"),
]


def named(*units):
    layers = [keras.layers.Dense(n, name=f"d{i}") for i, n in enumerate(units)]
    return keras.Sequential([keras.Input((3,)), *layers])


@pytest.mark.parametrize(("stored", "wanted", "says"), MISMATCHES)
@pytest.mark.parametrize("ending", [".weights.h5", ".keras"])
def test_weights_that_do_not_fit(stored, wanted, says, ending, tmp_path):
    path = tmp_path / f"m{ending}"
    source, target = named(*stored), named(*wanted)
    (source.save if ending == ".keras" else source.save_weights)(path)
    before = target.get_weights()
    with pytest.raises(ValueError, match=says) as e:
        target.load_weights(path)
    assert "Nothing was loaded" in str(e.value) and path.name in str(e.value)
    for a, b in zip(before, target.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.warns(UserWarning, match="skipped: Dense 'd1'"):
        target.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(target.get_weights()[0], source.get_weights()[0])


def test_weights_without_a_place_are_reported(tmp_path):
    named(4, 5, 2).save_weights(tmp_path / "m.weights.h5")
    with pytest.warns(UserWarning, match="no place for the weights of layers/dense_2"):
        named(4, 5).load_weights(tmp_path / "m.weights.h5")


def test_a_model_that_was_not_built(tmp_path):
    with pytest.raises(ValueError, match="has no weights yet"):
        keras.Sequential([keras.layers.Dense(2)], name="m").save_weights(tmp_path / "m.weights.h5")


# -- layout ----------------------------------------------------------------------------------------------------------


class Parts(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.b = keras.layers.Dense(1)
        self.A = keras.layers.Dense(1)
        self._b = keras.layers.Dense(1)
        self.again = self.b
        self.list = [
            keras.layers.Dense(1),
            [keras.layers.Dense(1)],
            [self.b, keras.layers.Dense(1)],
            3,
            keras.layers.Dense(1),
        ]
        self.dict = {"z": keras.layers.Dense(1), "a": [keras.layers.Dense(1)]}
        self.tuple = (keras.layers.Dense(1),)
        self._hidden = keras.layers.Dense(1)

    @property
    def visible(self):
        return self._hidden

    @property
    def broken(self):
        raise RuntimeError("not ready")

    def call(self, x):
        return x


def test_paths_in_a_file_of_weights():
    assert [path for path, _ in walk(Parts())] == [
        "",
        "A",
        "again",
        "dict/dense",
        "dict/container/dense",
        "list/dense",
        "list/container/dense",
        "list/container_1/dense_1",
        "list/dense_1",
        "tuple/dense",
        "visible",
        "_b",
    ]


@keras.saving.register_keras_serializable("tests")
class WithAsset(keras.layers.Layer):
    """A layer with a file beside the weights, and with variables that it names itself."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.text = None
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
        self.built = True

    def call(self, x):
        return x * self.scale

    def save_assets(self, dir_path):
        with open(os.path.join(dir_path, "text.txt"), "w") as f:
            f.write(self.text)

    def load_assets(self, dir_path):
        with open(os.path.join(dir_path, "text.txt")) as f:
            self.text = f.read()

    def save_own_variables(self, store):
        store["the scale"] = self.scale

    def load_own_variables(self, store):
        self.scale.assign(store["the scale"])


@pytest.mark.parametrize("zipped", [None, False])
def test_assets_and_variables_with_names(tmp_path, zipped):
    layer = WithAsset()
    layer.text = "κεραυνός"
    layer.scale.assign(3.0)
    model = keras.Sequential([keras.Input((2,)), layer])
    path = tmp_path / ("m.keras" if zipped is None else "folder")
    model.save(path, zipped=zipped)
    back = keras.saving.load_model(path).layers[0]
    assert back.text == "κεραυνός" and float(back.scale) == 3.0


# -- classes of one's own -----------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable("tests")
class Block(keras.layers.Layer):
    def __init__(self, units, activation=None, inner=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.dense = keras.layers.Dense(units)
        self.inner = inner

    def call(self, x):
        x = self.activation(self.dense(x))
        return x if self.inner is None else self.inner(x)

    def get_config(self):
        own = {"units": self.units, "activation": keras.activations.serialize(self.activation), "inner": self.inner}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config):
        config["inner"] = keras.saving.deserialize_keras_object(config["inner"])
        return cls(**config)


@keras.saving.register_keras_serializable("tests")
def cube(x):
    return x**3


@keras.saving.register_keras_serializable("tests")
class Net(keras.Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.blocks = [Block(units, "relu"), Block(units, cube, inner=Block(2))]
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return x * self.scale


class Plain(keras.layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor


@pytest.mark.parametrize("zipped", [None, False])
def test_a_subclassed_model(tmp_path, zipped):
    x, model = np.ones((2, 4), "float32"), Net(units=5)
    y = keras.ops.convert_to_numpy(model(x))
    model.scale.assign(2.0)
    path = tmp_path / ("m.keras" if zipped is None else "m")
    model.save(path, zipped=zipped)
    back = keras.saving.load_model(path)
    assert type(back) is Net and back.units == 5
    np.testing.assert_allclose(keras.ops.convert_to_numpy(back(x)), 2 * y, rtol=1e-6)


def test_a_class_that_nobody_registered(tmp_path):
    keras.Sequential([keras.Input((2,)), Plain(3.0)]).save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="Unknown class: 'Plain'.*register_keras_serializable"):
        keras.saving.load_model(tmp_path / "m.keras")
    back = keras.saving.load_model(tmp_path / "m.keras", custom_objects={"Plain": Plain})
    assert back.layers[0].factor == 3.0


def test_a_layer_in_two_wrappers_stays_one(tmp_path):
    shared = keras.layers.Dense(2)
    x = keras.Input((2,))
    model = keras.Model(x, Block(2, inner=shared, name="b")(Block(2, inner=shared, name="a")(x)))
    model.save(tmp_path / "m.keras")
    back = keras.saving.load_model(tmp_path / "m.keras")
    assert back.get_layer("a").inner is back.get_layer("b").inner
    same(model, back)


def test_a_lambda_needs_trust(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: 2 * x)])
    with pytest.warns(UserWarning, match="lambda is written"):
        model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="safe_mode=False"):
        keras.saving.load_model(tmp_path / "m.keras")
    back = keras.saving.load_model(tmp_path / "m.keras", safe_mode=False)
    np.testing.assert_array_equal(np.asarray(back(np.ones((1, 2), "float32"))), [[2, 2]])


# -- damage ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "m.keras"
    make(200, 100, features=50).save(path)
    return path


@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.5, 0.99, 0.9999])
def test_a_truncated_archive(archive, share):
    raw = archive.read_bytes()
    archive.write_bytes(raw[: int(share * len(raw))])
    with pytest.raises(ValueError, match=r"m\.keras"):
        keras.saving.load_model(archive)


def test_flipped_bits_in_an_archive_are_noticed(archive):
    """Everywhere: an error that names the file, or a model with the same weights (names and dates in headers)."""
    raw, good = archive.read_bytes(), keras.saving.load_model(archive)
    rng = np.random.default_rng(0)
    places = {*rng.integers(0, len(raw), 60).tolist(), *range(0, 3000, 97), *range(len(raw) - 250, len(raw), 7)}
    noticed = 0
    for place in sorted(places):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << int(rng.integers(8))
        archive.write_bytes(flipped)
        try:
            back = keras.saving.load_model(archive)
        except ValueError as e:
            assert "m.keras" in str(e), (place, e)
            noticed += 1
        else:
            same(good, back)
    assert noticed > 70


def test_a_flipped_weight_is_named(archive):
    raw = bytearray(archive.read_bytes())
    raw[len(raw) // 2] ^= 1
    archive.write_bytes(raw)
    for load in (keras.saving.load_model, make(200, 100, features=50).load_weights):
        with pytest.raises(ValueError, match=r"m\.keras: model\.weights\.h5 is damaged at layers/dense.*/vars/0"):
            load(archive)


def test_a_flipped_weight_loads_nothing(tmp_path):
    path, model = tmp_path / "m.weights.h5", make(200, 100, features=50)
    model.save_weights(path)
    with h5py.File(path) as f:
        offset = f["layers/dense_1/vars/0"].id.get_offset()
    raw = bytearray(path.read_bytes())
    raw[offset + 5] ^= 16
    path.write_bytes(raw)
    before = [w.copy() for w in model.get_weights()]
    model.layers[0].kernel.assign(before[0] + 1)
    with pytest.raises(ValueError, match="damaged at layers/dense_1/vars/0"):
        model.load_weights(path)
    np.testing.assert_array_equal(model.get_weights()[0], before[0] + 1)


def rewritten(path, change):
    """The archive with its members changed by ``change(dict of names to bytes)``, which returns (name, bytes) pairs."""
    with zipfile.ZipFile(path) as z:
        members = {n: z.read(n) for n in z.namelist()}
    pairs = change(members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as z:
        for name, data in pairs:
            z.writestr(name, data)


def test_other_zip_tools_archives_are_read(archive):
    good = keras.saving.load_model(archive)
    with zipfile.ZipFile(archive) as z:
        members = {n: z.read(n) for n in z.namelist()}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(name, data)
        z.writestr("notes.txt", "hello")
    same(good, keras.saving.load_model(archive))


def config(members, **changes):
    found = json.loads(members["config.json"])
    found.update(changes)
    return [*((n, d) for n, d in members.items() if n != "config.json"), ("config.json", json.dumps(found))]


EVIL = {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": None}
HOSTILE = [
    # change of the members, what the message says
    (lambda m: [*m.items(), ("../evil.txt", b"x")], "outside of the archive"),
    (lambda m: [*m.items(), ("/evil.txt", b"x")], "outside of the archive"),
    (lambda m: [*m.items(), ("assets/../../evil.txt", b"x")], "outside of the archive"),
    (lambda m: [(n, d) for n, d in m.items() if n != "config.json"], "no member 'config.json'"),
    (lambda m: [(n, d) for n, d in m.items() if n != "metadata.json"], "no member 'metadata.json'"),
    (lambda m: [*((n, d) for n, d in m.items() if n != "config.json"), ("config.json", b"{")], "not readable JSON"),
    (
        lambda m: [*((n, d) for n, d in m.items() if n != "config.json"), ("config.json", b"[" * 100_000)],
        "not readable JSON",
    ),
    (
        lambda m: [*((n, d) for n, d in m.items() if n != "config.json"), ("config.json", b"3")],
        "must hold a configuration",
    ),
    (lambda m: [*((n, d) for n, d in m.items() if n != "config.json"), ("config.json", b"\xff\xfe")], "config.json"),
    (lambda m: config(m, module="os", class_name="system"), "Unknown class: 'system'"),
    (lambda m: config(m, config={"layers": [EVIL]}), "Unknown class: 'system'"),
    (lambda m: config(m, config={"layers": 3}), "Sequential"),
    (lambda m: config(m, class_name="Dense", module="keras.initializers"), "Unknown class|Dense"),
    (lambda m: config(m, class_name="DTypePolicy", module="keras", config={"name": "float32"}), "must hold a model"),
]


@pytest.mark.parametrize(("change", "says"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_archive(archive, change, says):
    rewritten(archive, change)
    with pytest.raises((ValueError, TypeError), match=says):
        keras.saving.load_model(archive)
    assert not (archive.parent.parent / "evil.txt").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice(archive):
    rewritten(archive, lambda m: [*m.items(), ("config.json", b"{}")])
    with pytest.raises(ValueError, match="stands twice"):
        keras.saving.load_model(archive)


def test_a_compression_bomb(archive):
    with zipfile.ZipFile(archive) as z:
        members = {n: z.read(n) for n in z.namelist()}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("metadata.json", members["metadata.json"])
        z.writestr("config.json", members["config.json"])
        z.writestr("model.weights.h5", bytes(1 << 26))
    with pytest.raises(ValueError, match="bytes unpack to 67108864: refused"):
        keras.saving.load_model(archive)


def test_a_lie_about_shapes_allocates_nothing(tmp_path):
    path = tmp_path / "m.weights.h5"
    with h5py.File(path, "w") as f:
        f.create_dataset("layers/dense/vars/0", (1 << 20, 1 << 20), "f8", chunks=(1024, 1024))
        f.create_dataset("layers/dense/vars/1", (1 << 20,), "f4")
    with pytest.raises(ValueError, match=r"expected 'kernel' of shape \(3, 4\), got shape \(1048576, 1048576\)"):
        make(4).load_weights(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not readable JSON"),
        ('{"weight_map": 3}', "must have a dict 'weight_map'"),
        ('{"weight_map": {"/layers/dense/vars": ["../x.weights.h5"]}}', "files of the same folder"),
        ('{"weight_map": {"/layers/dense/vars": ["x.weights.h5"]}}', "a shard can't be read"),
    ],
)
def test_a_hostile_index_of_shards(tmp_path, text, says):
    (tmp_path / "m.weights.json").write_text(text)
    with pytest.raises(ValueError, match=says):
        make(4).load_weights(tmp_path / "m.weights.json")


def test_shards_there_and_back(tmp_path):
    model, other = make(100, 100, 100, features=100), make(100, 100, 100, features=100)
    model.save_weights(tmp_path / "m.weights.json", max_shard_size=50_000 / 1024**3)
    index = json.loads((tmp_path / "m.weights.json").read_text())
    assert index["metadata"]["total_size"] == 4 * model.count_params()
    assert sorted(p.name for p in tmp_path.glob("*.h5")) == [f"m_{i:05d}.weights.h5" for i in range(3)]
    other.load_weights(tmp_path / "m.weights.json")
    same(model, other)


# -- the format of Keras 2 -------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*not compiled")
def test_the_old_format_there_and_back(tmp_path):
    model = make(4, 2)
    model.save(tmp_path / "m.h5")
    same(model, keras.saving.load_model(tmp_path / "m.h5"))
    other = make(4, 2)
    other.load_weights(tmp_path / "m.h5")
    same(model, other)


KERAS_2 = {
    "class_name": "Sequential",
    "config": {
        "name": "sequential",
        "layers": [
            {
                "class_name": "InputLayer",
                "config": {
                    "batch_input_shape": [None, 3],
                    "dtype": "float32",
                    "sparse": False,
                    "ragged": False,
                    "name": "in",
                },
            },
            {
                "class_name": "Dense",
                "config": {
                    "name": "dense",
                    "trainable": True,
                    "dtype": "float32",
                    "units": 2,
                    "activation": "relu",
                    "use_bias": True,
                    "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
                    "bias_initializer": {"class_name": "Zeros", "config": {}},
                    "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.01}},
                    "bias_regularizer": None,
                    "activity_regularizer": None,
                    "kernel_constraint": None,
                    "bias_constraint": None,
                },
            },
        ],
    },
}


def test_a_file_of_keras_2(tmp_path):
    path = tmp_path / "m.h5"
    kernel = np.arange(6, dtype="float32").reshape(3, 2)
    with h5py.File(path, "w") as f:
        f.attrs["keras_version"] = b"2.11.0"
        f.attrs["model_config"] = json.dumps(KERAS_2).encode()
        group = f.create_group("model_weights")
        group.attrs["layer_names"] = [b"in", b"dense"]
        group.create_group("in").attrs["weight_names"] = np.array([], "S1")
        layer = group.create_group("dense")
        layer.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        layer["dense/kernel:0"] = kernel
        layer["dense/bias:0"] = np.ones(2, "float32")
    with pytest.warns(UserWarning, match="not compiled"):
        model = keras.saving.load_model(path)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], kernel)
    assert model.layers[0].activation.__name__ == "relu"
    other = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2, name="dense"), keras.layers.Dense(5, name="new")]
    )
    other.load_weights(path, by_name=True)
    np.testing.assert_array_equal(other.get_weights()[0], kernel)
    with pytest.raises(ValueError, match="holds weights of 1 layers"):
        other.load_weights(path)
    wrong = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="dense")])
    with pytest.raises(
        ValueError, match=r"layer 'dense': expected weights of shapes \[\(4, 2\), \(2,\)\], got \[\(3, 2\)"
    ):
        wrong.load_weights(path)


# -- the editor ------------------------------------------------------------------------------------------------------


def test_the_editor(tmp_path):
    model, path = named(4, 2), tmp_path / "m.weights.h5"
    model.save_weights(path)
    editor = keras.saving.KerasFileEditor(path)
    assert editor.compare(model) == {"status": "success", "error_count": 0, "match_count": 4}
    assert editor.compare(named(4, 3)) == {"status": "error", "error_count": 2, "match_count": 2}
    assert editor.compare(named(4, 2, 2))["error_count"] == 1
    editor.rename_object("dense_1", "dense_2")
    editor.add_object("layers/dense_1", {"0": np.ones((4, 4)), "1": np.zeros(4), "2": np.zeros(1)})
    editor.delete_weight("layers/dense_1", "2")
    editor.add_object("layers/spare/inner", {})
    editor.add_weights("inner", {"0": np.ones(1)})
    editor.delete_object("layers/spare")
    editor.save(tmp_path / "wide.weights.h5")
    wide = named(4, 4, 2)
    wide.load_weights(tmp_path / "wide.weights.h5")
    np.testing.assert_array_equal(wide.get_weights()[2], np.ones((4, 4)))
    np.testing.assert_array_equal(wide.get_weights()[4], model.get_weights()[2])


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda e: e.rename_object("dens", "x"), "no object 'dens'.*Did you mean|no object 'dens'"),
        (lambda e: e.rename_object("dense", "dense_1"), "already an object 'dense_1'"),
        (lambda e: e.add_object("layers/dense", {}), "already an object"),
        (lambda e: e.add_object("layers/x", [1]), "must be a dict"),
        (lambda e: e.delete_weight("dense", "7"), "no weight '7'"),
        (lambda e: e.delete_object("nothing"), "no object"),
        (lambda e: e.save("x.h5"), "must end in '.weights.h5'"),
        (lambda e: keras.saving.KerasFileEditor("x.h5"), "must end in '.weights.h5' or '.keras'"),
    ],
)
def test_wrong_edits(tmp_path, act, says):
    named(4, 2).save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=says):
        act(keras.saving.KerasFileEditor(tmp_path / "m.keras"))
