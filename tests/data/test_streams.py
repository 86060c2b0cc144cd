"""Sources of batches that come one by one: order, ends, errors and threads."""

import threading
import time
import traceback
import types

import numpy as np
import pytest

import keraunos as keras
from keraunos.data.source import make_source
from keraunos.data.streams import StreamSource
from tests.data.datasets import Dying, Failing, Numbered, Untransportable

X = np.arange(4, dtype="float32")[:, None]


def firsts(batches):
    """The number at the start of each batch's x."""
    return [int(keras.utils.unpack_x_y_sample_weight(b)[0].ravel()[0]) for b in batches]


def counting(n=10**9):
    for i in range(n):
        yield X + i, X[:, 0]


def ours():
    """Threads of keraunos that run."""
    return [t.name for t in threading.enumerate() if t.name.startswith("keraunos")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    end = time.monotonic() + 5
    while ours() and time.monotonic() < end:
        time.sleep(0.01)
    assert not ours()


def test_a_generator_loses_nothing_and_takes_nothing_ahead_of_its_epoch():
    generator = counting()
    source = StreamSource(generator, steps=3)
    data, rows = source.sample()
    assert rows == 4 and data[0].dtype == np.float32
    assert firsts(source.batches(0)) == [0, 1, 2]
    assert firsts(source.batches(1)) == [3, 4, 5]
    assert next(generator)[0][0, 0] == 6


def test_the_peeked_batch_is_the_first():
    generator = counting()
    source = StreamSource(generator, steps=2)
    for epoch in range(3):
        assert source.can_go_on()
        assert firsts(source.batches(epoch)) == [2 * epoch, 2 * epoch + 1]


def test_a_generator_that_fills_one_buffer_again_and_again():
    def reusing():
        buffer = np.zeros((2, 1), "float32")
        for i in range(50):
            buffer[:] = i
            yield (buffer,)

    assert firsts(list(StreamSource(reusing()).batches(0))) == list(range(50))


def test_a_generator_that_ends_early_warns():
    source = StreamSource(counting(4), steps=3)
    assert firsts(source.batches(0)) == [0, 1, 2]
    with pytest.warns(UserWarning, match="after 1 of 3 steps"):
        assert firsts(source.batches(1)) == [3]
    with pytest.warns(UserWarning, match="no batches for another epoch"):
        assert not source.can_go_on()
    with pytest.raises(ValueError, match="no batches left"):
        list(source.batches(2))


def test_an_iterable_is_gone_through_again_and_goes_on_within_epochs():
    class Batches:
        def __iter__(self):
            return counting(5)

    assert [firsts(StreamSource(Batches()).batches(0)) for _ in range(2)] == [list(range(5))] * 2
    source = StreamSource(Batches(), steps=3)
    assert [firsts(source.batches(e)) for e in range(3)] == [[0, 1, 2], [3, 4, 0], [1, 2, 3]]
    assert firsts(source.batches(2)) == [0, 1, 2]  # an epoch that is run again (validation) starts anew
    source = StreamSource(Batches(), steps=7)
    with pytest.warns(UserWarning, match="after 5 of 7"):
        assert firsts(source.batches(0)) == list(range(5))


def test_an_error_comes_with_the_line_that_raised_it():
    def broken():
        yield X, X
        raise OSError("disk is gone")

    batches = StreamSource(broken()).batches(0)
    next(batches)
    with pytest.raises(OSError, match="disk is gone") as caught:
        next(batches)
    assert "broken" in "".join(traceback.format_tb(caught.value.__traceback__))


def test_an_epoch_that_is_left_ends_its_thread():
    batches = StreamSource(counting()).batches(0)
    next(batches)
    assert ours() == ["keraunos-prefetch"]
    batches.close()
    assert not ours()


def test_batches_are_made_ahead_under_the_callers_engine():
    seen, ahead = [], threading.Event()

    def generator():
        for i in range(3):
            seen.append((keras.config.backend(), threading.current_thread().name))
            if i == 2:
                ahead.set()
            yield X + i, X

    with keras.backend.use("numpy"):
        batches = StreamSource(generator()).batches(0)
        next(batches)
        assert ahead.wait(10)
        list(batches)
    assert seen == [("numpy", "keraunos-prefetch")] * 3


# -- by index ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kwargs",
    [
        {"workers": 0},
        {"workers": 1},
        {"workers": 3, "wait": {0: 0.1, 2: 0.05}.items()},
        {"workers": 2, "max_queue_size": 1},
        {"workers": 2, "use_multiprocessing": True},
    ],
    ids=str,
)
def test_order_of_indices(kwargs):
    data = Numbered(**kwargs)
    source = StreamSource(data)
    assert source.steps == 5
    assert firsts(source.batches(0)) == [0, 1, 2, 3, 4]
    assert firsts(source.batches(1)) == [100, 101, 102, 103, 104]  # what on_epoch_end changed is seen by every worker
    source.close()
    if "use_multiprocessing" not in kwargs:
        calls = [c if isinstance(c, str) else c[0] for c in data.calls]
        assert (calls[0], calls[6], calls[7], calls[13]) == ("begin", "end", "begin", "end")
        assert sorted(calls[1:6]) == sorted(calls[8:13]) == [0, 1, 2, 3, 4]
    if kwargs["workers"] == 0:
        assert {c[1] for c in data.calls if not isinstance(c, str)} == {threading.current_thread().name}


def test_order_is_a_function_of_seed_and_epoch():
    def orders(epochs, seed=3):
        keras.utils.set_random_seed(seed)
        source = StreamSource(Numbered(8, workers=0), shuffle=True)
        return [firsts(source.batches(e)) for e in epochs]

    def plain(order):
        return [i % 100 for i in order]

    a = [plain(o) for o in orders([0, 1, 2])]
    assert [sorted(o) for o in a] == [list(range(8))] * 3 and a[0] != a[1]
    assert [plain(o) for o in orders([2, 1])] == [a[2], a[1]]
    assert [plain(o) for o in orders([0], seed=4)] != a[:1]


def test_fewer_steps_go_on_and_a_resumed_epoch_finds_its_place():
    source = StreamSource(Numbered(workers=0), steps=3)
    found = [[i % 100 for i in firsts(source.batches(e))] for e in range(3)]
    assert found == [[0, 1, 2], [3, 4, 0], [1, 2, 3]]
    assert firsts(StreamSource(Numbered(workers=0), steps=3).batches(1, 2)) == [0]


def test_a_run_that_is_resumed_drops_the_peeked_batch():
    source = StreamSource(Numbered(workers=0), shuffle=True)
    source.sample()
    source.order_seed += 1
    expected = StreamSource(Numbered(workers=0), shuffle=True)
    expected.order_seed = source.order_seed
    assert firsts(source.batches(0)) == firsts(expected.batches(0))


def test_more_steps_than_batches():
    with pytest.warns(UserWarning, match="after 5 of 6 steps"):
        assert StreamSource(Numbered(), steps=6).steps == 5


class Endless(Numbered):
    num_batches = None


def test_an_endless_dataset_needs_steps():
    with pytest.raises(ValueError, match="no end.*steps_per_epoch"):
        StreamSource(Endless())
    source = StreamSource(Endless(workers=2), steps=2)
    assert [[i % 100 for i in firsts(source.batches(e))] for e in range(2)] == [[0, 1], [2, 3]]
    source.close()


@pytest.mark.parametrize("kwargs", [{"workers": 0}, {}, {"workers": 2}, {"use_multiprocessing": True}], ids=str)
def test_an_exception_in_a_worker_arrives(kwargs):
    source = StreamSource(Failing(**kwargs))
    with pytest.raises(KeyError, match="no file for batch 2") as caught:
        list(source.batches(0))
    if kwargs.get("workers", 1) > 1 or kwargs.get("use_multiprocessing"):
        assert "__getitem__(2)" in caught.value.__notes__[0]
    source.close()


def test_a_dying_process_is_an_error_and_no_hang():
    start = time.monotonic()
    source = StreamSource(Dying(use_multiprocessing=True, workers=2))
    with pytest.raises(RuntimeError, match="worker process of Dying died"):
        list(source.batches(0))
    source.close()
    assert time.monotonic() - start < 30


def test_what_can_not_travel_is_told():
    source = StreamSource(Untransportable(use_multiprocessing=True))
    with pytest.raises(ValueError, match="Untransportable can't be sent.*threads"):
        next(source.batches(0))
    source.close()


def test_workers_end_when_the_source_is_forgotten():
    source = StreamSource(Numbered(workers=2))
    next(source.batches(0))
    assert any("worker" in name for name in ours())
    del source  # no_thread_is_left looks


def test_py_dataset_without_super_init():
    class Forgetful(Numbered):
        def __init__(self):
            self.n, self.wait, self.calls, self.epochs = 2, {}, [], 0

    with pytest.warns(UserWarning, match=r"should call super\(\).__init__"):
        assert firsts(StreamSource(Forgetful()).batches(0)) == [0, 1]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: Numbered(workers=-1), "workers must be at least 0, got -1"),
        (lambda: Numbered(max_queue_size=0), "max_queue_size must be at least 1"),
        (lambda: StreamSource(Numbered(0)), "length 0"),
        (lambda: StreamSource(counting(), steps=0), "at least 1, got 0"),
        (lambda: StreamSource(counting(0)).sample(), "yielded no batch"),
        (lambda: StreamSource(iter([(X, X[:3])])).sample(), "x has 4 samples, y has 3"),
        (lambda: StreamSource(iter([(X, X, X, X)])).sample(), "tuple of 4"),
        (lambda: StreamSource(iter([(X, np.array(["a"] * 4))])).sample(), "y has dtype"),
        (lambda: StreamSource(iter([(X, 3)])).sample(), "y must be an array, got the number 3"),
        (lambda: make_source(counting(), X), "y must not be given when x is a dataset"),
        (lambda: make_source(counting(), sample_weight=X), "sample_weight must not be given"),
        (lambda: make_source(object(), X), "x must be an array.*got object"),
    ],
)
def test_mistakes(act, said):
    with pytest.raises(ValueError, match=said):
        act()


def test_class_weight_on_a_stream():
    source = StreamSource(iter([(X, np.array([0, 1, 1, 0]))]), class_weight={0: 1.0, 1: 5.0})
    (_, _, weight), _ = source.sample()
    assert weight.tolist() == [1, 5, 5, 1]


# -- other frameworks' datasets --------------------------------------------------------------------------------------------


def test_data_loader():
    torch = pytest.importorskip("torch")
    tensors = torch.arange(10.0, dtype=torch.float64)[:, None], torch.arange(10)
    dataset = torch.utils.data.TensorDataset(*tensors)
    source = make_source(torch.utils.data.DataLoader(dataset, batch_size=4), shuffle=True)
    assert (source.kind, source.steps) == ("stream", 3)
    batches = list(source.batches(0))
    assert [type(a) for a in batches[0]] == [np.ndarray] * 2
    assert (batches[0][0].dtype, batches[0][1].dtype) == (np.float32, np.int32)
    assert [len(b[0]) for b in batches] == [4, 4, 2]
    with pytest.raises(ValueError, match="DataLoader"):
        make_source(dataset)


def test_tf_dataset_by_its_looks(monkeypatch):
    class Dataset:
        def __len__(self):
            raise TypeError("infinite")

        def __iter__(self):
            raise AssertionError("as_numpy_iterator is quicker")

        def as_numpy_iterator(self):
            return counting()

    tensorflow = types.SimpleNamespace(data=types.SimpleNamespace(Dataset=Dataset))
    monkeypatch.setitem(__import__("sys").modules, "tensorflow", tensorflow)
    source = make_source(Dataset(), steps=2)
    assert source.length is None and firsts(source.batches(0)) == [0, 1] and firsts(source.batches(1)) == [2, 3]
    source.close()
