"""Arrays as a source: standard dtypes, orders, blocks, and the mistakes that are told."""

import numpy as np
import pytest

import keraunos as keras
from keraunos.backend import get_engine
from keraunos.data.arrays import ArraySource, first_nan_row, split_validation
from keraunos.data.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from keraunos.data.source import make_source, one_batch

X = np.arange(10, dtype="float32")[:, None]
Y = np.arange(10)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("float64", "float32"),
        ("float32", "float32"),
        ("float16", "float16"),
        ("int64", "int32"),
        ("int32", "int32"),
        ("uint64", "uint32"),
        ("uint8", "uint8"),
        ("bool", "bool"),
    ],
)
def test_dtypes(given, found):
    x = X.astype(given)
    source = make_source(x, Y)
    assert source.rows(np.arange(3))[0].dtype == found
    assert next(source.batches(0))[0].dtype == found
    assert next(source.predict_batches(True))[0][0].dtype == found
    assert one_batch(x, None, None, None, "train_on_batch").dtype == found
    assert source.data[0] is x, "nothing is cast whole"


def test_floatx_is_obeyed():
    keras.config.set_floatx("float64")
    assert make_source(X.astype("float64")).rows([0]).dtype == np.float64


def test_data_on_the_device_is_a_copy():
    engine = get_engine("jax")
    x = np.zeros((1 << 12, 4), "float32")
    on_device = make_source(x).on_device(engine)
    x[:] = 1
    assert float(on_device.sum()) == 0


def test_large_data_stays_on_the_host(monkeypatch):
    monkeypatch.setattr("keraunos.data.arrays._WHOLE_BYTES", 39)
    monkeypatch.setattr("keraunos.data.arrays._BLOCK_BYTES", 24)
    source = make_source(X, batch_size=2)
    assert source.on_device(get_engine("numpy")) is None and source.block_steps == 3


def frames():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [1.5, 2.5], "b": [1, 2], "c": [True, False]})
    return pandas, table


def test_pandas():
    pandas, table = frames()
    nullable = pandas.DataFrame({"a": pandas.array([1, None], dtype="Int64"), "b": [True, False]})
    x, y = make_source(table, table["b"]).rows([1])
    assert (x.tolist(), x.dtype, y.tolist(), y.dtype) == ([[2.5, 2, 0]], np.float32, [[2]], np.int32)
    weights = make_source(table, table["b"], table["a"]).rows([0, 1])[2]
    assert weights.shape == (2,)
    with pytest.warns(UserWarning, match="NaN, first in sample 1"):
        assert make_source(nullable).rows([0]).tolist() == [[1, 1]]
    with pytest.raises(ValueError, match=r"columns \['city'\] of x don't hold numbers"):
        make_source(table.assign(city=["Rome", "Oslo"]))


FORMS = {
    "list of numbers": ([[1.0, 2.0], [3.0, 4.0]], (2, 2)),
    "range-like tuple": ((1, 2, 3), (3,)),
    "jax": (keras.ops.convert_to_tensor(X), (10, 1)),
    "variable": (keras.Variable(X), (10, 1)),
    "bfloat16": (keras.ops.cast(X, "bfloat16"), (10, 1)),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(name):
    given, shape = FORMS[name]
    rows = make_source(given).rows(np.arange(shape[0]))
    assert type(rows) is np.ndarray and rows.shape == shape


def test_nested():
    source = make_source({"a": X, "b": [X, X]}, [Y, {"c": Y}], batch_size=4)
    x, y = source.rows([1, 2])
    assert (x["b"][1].tolist(), y[1]["c"].tolist()) == ([[1], [2]], [1, 2])


# -- orders --------------------------------------------------------------------------------------------------------------


def orders(epochs, seed=1, **kwargs):
    keras.utils.set_random_seed(seed)
    source = make_source(X, batch_size=3, **kwargs)
    return [source.order(e).tolist() for e in epochs]


def test_order_is_a_function_of_seed_and_epoch():
    a, b, c = orders([0, 1, 2], shuffle=True)
    assert sorted(a) == sorted(b) == list(range(10)) and a != b
    assert orders([2, 0], shuffle=True) == [c, a]
    assert orders([0], seed=2, shuffle=True) != [a]
    assert orders([0, 1]) == [list(range(10))] * 2
    assert make_source(X, shuffle=True).order(0).dtype == np.int32


def test_shuffled_batches_stay_whole():
    for order in orders(range(4), shuffle="batch"):
        starts = order[0:9:3]
        assert sorted(starts) == [0, 3, 6] and order[9] == 9
        assert order[:9] == [s + i for s in starts for i in range(3)]


def test_fewer_steps_than_the_data_gives_go_on():
    assert orders(range(4), steps=2) == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 0, 1], [2, 3, 4, 5, 6, 7], [8, 9, 0, 1, 2, 3]]
    seen = sum(orders(range(5), steps=2, shuffle=True), [])
    assert [sorted(seen[i : i + 10]) for i in (0, 10, 20)] == [list(range(10))] * 3


def test_more_steps_than_the_data_gives():
    with pytest.warns(UserWarning, match="the data gives 4"):
        assert make_source(X, batch_size=3, steps=5).steps == 4


def test_batches_and_skip():
    source = make_source(X, Y, batch_size=4)
    assert [len(b[0]) for b in source.batches(0)] == [4, 4, 2]
    assert [b[1].tolist() for b in source.batches(0, 2)] == [[8, 9]]


@pytest.mark.parametrize(("pad", "sizes", "real"), [(True, [4, 4, 4], [None, None, 2]), (False, [4, 4, 2], [None] * 3)])
def test_predict_batches(pad, sizes, real):
    found = list(make_source(X, batch_size=4).predict_batches(pad))
    assert [len(b) for b, _ in found] == sizes and [r for _, r in found] == real
    assert [len(b) for b, _ in make_source(X[:3], batch_size=4).predict_batches(pad)] == [3]


# -- mistakes ------------------------------------------------------------------------------------------------------------

BIG = np.array([1, 2**40] + [0] * 8)
MISTAKES = {
    "lengths": (lambda: make_source(X, Y[:9]), "x has 10 samples, y has 9"),
    "lengths of weights": (lambda: make_source(X, Y, np.ones(4)), "x has 10 samples, sample_weight has 4"),
    "lengths inside": (lambda: make_source({"a": X, "b": X[:2]}), r"x\['a'\] has 10 samples, x\['b'\] has 2"),
    "empty": (lambda: make_source(X[:0]), "x has no samples"),
    "empty list": (lambda: make_source([]), "x is empty"),
    "missing": (lambda: make_source(None, Y), "x is required"),
    "number": (lambda: make_source(3.0), "x must be an array, got the number 3.0"),
    "single samples": (lambda: make_source(keras.utils.split_dataset(X, 5)[0]), r"single samples.*x\.batch\(32\)"),
    "scalar array": (lambda: make_source(np.array(3.0)), "first dimension of samples"),
    "objects": (lambda: make_source(X, np.array([None] * 10)), "y has dtype object"),
    "text": (lambda: make_source(["a", "b"]), "x has dtype <U1"),
    "dates": (lambda: make_source(np.array(["2020-01-01"], "datetime64[D]")), "datetime64"),
    "ragged": (lambda: make_source([[1], [2, 3]]), "unequal lengths.*pad_sequences"),
    "symbolic": (lambda: make_source(keras.Input((2,))), "got KerasTensor"),
    "large integers": (lambda: make_source(X, BIG), r"y holds integers beyond int32 \(sample 1\)"),
    "batch size": (lambda: make_source(X, batch_size=0), "batch_size must be a positive integer, got 0"),
    "steps": (lambda: make_source(X, steps=0), "at least 1, got 0"),
    "classes of two outputs": (lambda: make_source(X, [Y, Y], class_weight={0: 1.0}), "one output only"),
    "classes without y": (lambda: make_source(X, class_weight={0: 1.0}), "needs y"),
    "split": (lambda: split_validation((X, Y, None), 1.0), "between 0 and 1, got 1.0"),
    "split of nothing": (lambda: split_validation((X[:1], Y[:1], None), 0.5), "leaves no sample"),
    "split of a dataset": (lambda: split_validation((iter([X]), None, None), 0.5), "x is a dataset.*validation_data"),
    "one batch": (lambda: one_batch(X, Y[:3], None, None, "train_on_batch"), "train_on_batch.*y has 3"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    act, said = MISTAKES[name]
    with pytest.raises(ValueError, match=said):
        act()


@pytest.mark.parametrize("rows", [10, 3000])
def test_first_nan(rows):
    a = np.zeros((rows, 2000), "float32")
    assert first_nan_row(a) is None
    a[rows - 2, 5] = np.nan
    assert first_nan_row(a) == rows - 2
    a[:2] = [[np.inf], [-np.inf]]
    a[rows - 2] = 0
    assert first_nan_row(a) is None


@pytest.mark.parametrize(("part", "name"), [(0, "x"), (1, r"y\['a'\]"), (2, "sample_weight")])
def test_nan_is_told(part, name):
    bad = X.copy()
    bad[4] = np.nan
    parts = [X, {"a": X}, X[:, 0]]
    parts[part] = [bad, {"a": bad}, bad[:, 0]][part]
    with pytest.warns(UserWarning, match=f"{name} holds NaN, first in sample 4"):
        make_source(*parts)


# -- weights of classes ---------------------------------------------------------------------------------------------------


def test_class_weights():
    table = {0: 1.0, 1: 2.0, 2: 4.0}
    labels = np.array([2, 0, 1])
    x = np.zeros((3, 1), "float32")
    for y in (labels, labels[:, None], labels.astype("float32"), np.eye(3)[labels]):
        assert make_source(x, y, class_weight=table).data[2].tolist() == [4, 1, 2]
    both = make_source(x, labels, sample_weight=np.array([1.0, 2.0, 3.0]), class_weight=table)
    assert both.data[2].tolist() == [4, 2, 6]


def test_split():
    train, validation = split_validation((X, {"a": Y}, None), 0.25)
    assert (len(train[0]), len(validation[0]), validation[1]["a"].tolist(), train[2]) == (7, 3, [7, 8, 9], None)


@pytest.mark.parametrize("parts", [(1,), (1, 2), (1, 2, 3), ([1],), ((1,), 2)])
def test_pack_and_unpack(parts):
    assert unpack_x_y_sample_weight(pack_x_y_sample_weight(*parts)) == (*parts, None, None)[:3]


def test_weights_without_targets_are_kept():
    source = ArraySource(X, None, X)
    assert [None if a is None else a.shape for a in source.rows([0])] == [(1, 1), None, (1, 1)]


def test_a_class_without_a_weight_counts_once_and_is_told():
    with pytest.warns(UserWarning, match=r"no weight for the classes \[1"):
        source = make_source(X, Y, class_weight={0: 3.0})
    weights = source.data[2]
    assert set(weights[Y.reshape(len(Y)) == 0]) == {3.0} and set(weights[Y.reshape(len(Y)) != 0]) == {1.0}
