"""Weights in HDF5: what is written comes back; damaged and hostile files are refused with a clear error."""

import io
import subprocess
import sys

import h5py
import ml_dtypes
import numpy as np
import pytest

from keraunos.saving import hdf5_read
from keraunos.saving.hdf5_read import WeightsFile
from keraunos.saving.hdf5_write import WeightsWriter

ARRAYS = {
    "layers/dense": [np.random.default_rng(0).standard_normal((300, 200)).astype("float32"), np.zeros(3, "float32")],
    "": [],
    "layers/many kinds": [
        np.random.default_rng(1).standard_normal((300, 200)).astype(ml_dtypes.bfloat16),
        np.asarray(3, "int32"),
        np.zeros((0, 3)),
        np.ones((100, 100, 5), ">f8"),
        np.array([True, False]),
        np.arange(6, dtype="int8").reshape(2, 3).T,
    ],
}


def write(path, arrays=ARRAYS):
    writer = WeightsWriter()
    for where, values in arrays.items():
        group = writer.group(where, where.rpartition("/")[2] or "model")
        for i, value in enumerate(values):
            group[str(i)] = value
    with open(path, "wb") as f:
        writer.pour(f.write)


def read_all(path, arrays=ARRAYS):
    with open(path, "rb") as f, WeightsFile(f, path.name) as weights:
        return {where: list(weights.group(where).values()) for where in arrays}


def test_what_is_written_comes_back(tmp_path):
    path = tmp_path / "w.h5"
    write(path)
    back = read_all(path)
    for where, values in ARRAYS.items():
        assert len(back[where]) == len(values)
        for a, b in zip(values, back[where], strict=True):
            np.testing.assert_array_equal(a, b)
            assert b.dtype == a.dtype.newbyteorder("=")


def test_h5py_reads_it(tmp_path):
    path = tmp_path / "w.h5"
    write(path)
    with h5py.File(path) as f:
        np.testing.assert_array_equal(f["layers/dense/vars/0"], ARRAYS["layers/dense"][0])
        assert f["layers/dense/vars"].attrs["name"] == "dense"
        assert f["layers/many kinds/vars/0"].attrs["dtype"] == "bfloat16"
        assert len(f["vars"]) == 0


def test_h5pys_own_files_are_read(tmp_path):
    path = tmp_path / "w.h5"
    big = np.random.default_rng(0).standard_normal((400, 300))
    with h5py.File(path, "w") as f:
        f["a/vars/0"] = big
        f.create_dataset("a/vars/1", data=big, chunks=True, compression="gzip", shuffle=True)
        f.create_dataset("a/vars/2", shape=(5,), dtype="f4")
    (values,) = read_all(path, {"a": None}).values()
    np.testing.assert_array_equal(values[0], big)
    np.testing.assert_array_equal(values[1], big)
    np.testing.assert_array_equal(values[2], np.zeros(5))


def test_large_arrays_are_aligned(tmp_path):
    write(tmp_path / "w.h5")
    array = read_all(tmp_path / "w.h5")["layers/dense"][0]
    assert array.ctypes.data % 64 == 0


def test_every_flipped_bit_is_noticed(tmp_path):
    """A flip is an error, or changes nothing that is read (unused bytes of the layout, names of groups)."""
    path, broken = tmp_path / "w.h5", tmp_path / "broken.h5"
    arrays = {"a": [np.arange(30000, dtype="float32"), np.arange(7, dtype="int32")], "b": [np.ones(3)]}
    write(path, arrays)
    raw = path.read_bytes()
    rng = np.random.default_rng(0)
    places = {*range(0, 9000, 29), *rng.integers(0, len(raw), 300).tolist()}
    noticed = 0
    for place in sorted(places):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << int(rng.integers(8))
        broken.write_bytes(flipped)
        try:
            back = read_all(broken, arrays)
        except (ValueError, AttributeError, KeyError) as e:  # the latter: a name is another, so it is not found
            noticed += isinstance(e, ValueError) and "broken.h5" in str(e)
            continue
        for where, values in arrays.items():
            assert len(back[where]) == len(values)
            for a, b in zip(values, back[where], strict=True):
                np.testing.assert_array_equal(a, b)
    assert noticed > 200


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_truncated(tmp_path, share):
    path = tmp_path / "w.h5"
    write(path)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(share * len(raw))])
    with pytest.raises(ValueError, match=r"w\.h5"):
        read_all(path)


def test_a_flipped_weight_is_named(tmp_path):
    path = tmp_path / "w.h5"
    write(path)
    with h5py.File(path) as f:
        offset = f["layers/dense/vars/0"].id.get_offset()
    raw = bytearray(path.read_bytes())
    raw[offset + 1000] ^= 4
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"w\.h5 is damaged at layers/dense/vars/0: its checksum does not fit"):
        read_all(path)
    with (
        open(path, "rb") as f,
        WeightsFile(f, path.name) as weights,
        pytest.raises(ValueError, match="layers/dense/vars/0"),
    ):
        weights.verify()


def external(f):
    f.create_dataset("a/vars/0", (4,), "u1", external=[("other", 0, 4)])


def virtual(f):
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    f.create_virtual_dataset("a/vars/0", layout)


def external_link(f):
    f.create_group("a/vars")["0"] = h5py.ExternalLink("other.h5", "/x")


def external_group(f):
    f["a"] = h5py.ExternalLink("other.h5", "/a")


def soft_link(f):
    f["x"] = np.zeros(4)
    f.create_group("a/vars")["0"] = h5py.SoftLink("/x")


def huge(f):
    f.create_dataset("a/vars/0", (1 << 20, 1 << 20), "f8", chunks=(1024, 1024))


def bomb(f):
    f.create_dataset("a/vars/0", data=np.zeros((1 << 14, 1 << 12)), chunks=(1 << 12, 1 << 12), compression="gzip")


def objects(f):
    f.create_dataset("a/vars/0", data=["text"], dtype=h5py.string_dtype())


def record(f):
    f.create_dataset("a/vars/0", data=np.zeros(2, [("x", "f4"), ("y", "f8")]))


def group_for_array(f):
    f.create_group("a/vars/0")


def array_for_group(f):
    f["a/vars"] = np.zeros(3)


HOSTILE = [
    (external, "outside of the file"),
    (virtual, "outside of the file"),
    (external_link, "link to somewhere else"),
    (external_group, "link to somewhere else"),
    (soft_link, "link to somewhere else"),
    (huge, "refused"),
    (bomb, "refused"),
    (objects, "must hold numbers"),
    (record, "must hold numbers"),
    (group_for_array, "must be an array"),
    (array_for_group, "a group should"),
]


@pytest.mark.parametrize(("make", "says"), HOSTILE, ids=lambda v: getattr(v, "__name__", ""))
def test_hostile(tmp_path, make, says):
    path = tmp_path / "w.h5"
    (tmp_path / "other").write_bytes(b"1234")
    with h5py.File(path, "w") as f:
        make(f)
    with pytest.raises(ValueError, match=says) as e:
        read_all(path, {"a": None})
    assert "w.h5" in str(e.value)


def test_links_in_a_circle_end():
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as f:
        f["a/vars/0"] = np.zeros(2)
        f["a/again"] = f["/"]

    class Named(io.BytesIO):
        def fileno(self):
            raise OSError

    weights = WeightsFile(Named(buffer.getvalue()), "circle.h5", 0, len(buffer.getvalue()))
    assert weights.paths() == ["a"]
    weights.close()


def test_declared_sizes_do_not_overflow():
    class Dataset:
        shape, dtype = (1 << 40, 1 << 40), np.dtype("f8")

    assert hdf5_read.nbytes_of(Dataset) == 1 << 83


def test_hdf5_is_loaded_on_first_use_only():
    code = "import sys, keraunos.saving; assert 'h5py.defs' not in sys.modules; keraunos.saving.save_model"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)
