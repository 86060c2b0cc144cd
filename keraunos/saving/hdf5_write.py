"""Writing weights as HDF5, in Keras's layout, in one pass over the arrays.

HDF5 lays out the file on an almost empty sheet (the large arrays are declared, but not written); then sheet and arrays are
poured into the output in order. So the output may be a member of a zip archive, and no array is copied.
"""

import io
import zlib

import lazy_loader
import numpy as np

h5py = lazy_loader.load("h5py")  # takes a while to import, and models are made without files too

CHECKSUM = "keraunos_crc32"  # attribute of a dataset: CRC-32 of its bytes; of the root: 1, every dataset has one
_SMALL = 1 << 16
_PAGE = 1 << 16


class Sheet(io.RawIOBase):
    """A file in memory of which only the pages that were written exist; the others are zeros."""

    def __init__(self):
        self.pages = {}
        self.size = 0
        self.at = 0

    def readable(self):
        return True

    def writable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def tell(self):
        return self.at

    def truncate(self, size=None):
        self.size = self.at if size is None else size
        return self.size

    def write(self, data):
        data = memoryview(data).cast("B")
        for number, start, stop, begin in _pieces(self.at, len(data)):
            page = self.pages.setdefault(number, bytearray(_PAGE))
            page[start:stop] = data[begin : begin + stop - start]
        self.at += len(data)
        self.size = max(self.size, self.at)
        return len(data)

    def readinto(self, buffer):
        buffer = memoryview(buffer).cast("B")
        n = max(0, min(len(buffer), self.size - self.at))
        for number, start, stop, begin in _pieces(self.at, n):
            page = self.pages.get(number)
            buffer[begin : begin + stop - start] = bytes(stop - start) if page is None else page[start:stop]
        self.at += n
        return n

    def pour(self, start, stop, write):
        """Write the bytes from ``start`` to ``stop`` by ``write``."""
        for number, first, last, _ in _pieces(start, stop - start):
            page = self.pages.get(number)
            write(bytes(last - first) if page is None else page[first:last])


def _pieces(at, n):
    """(page, first byte, last byte, place in the whole) of the n bytes from ``at`` on."""
    done = 0
    while done < n:
        number, start = divmod(at + done, _PAGE)
        stop = min(_PAGE, start + n - done)
        yield number, start, stop, done
        done += stop - start


class WeightsWriter:
    """Collects groups of arrays, then pours them out as an HDF5 file."""

    def __init__(self):
        self._sheet = Sheet()
        self._file = h5py.File(self._sheet, "w")
        self._large = []  # (dataset, array)
        self.nbytes = 0
        self._put_number(self._file.id, CHECKSUM, 1)

    def group(self, path, name):
        """The mapping that the variables of one object are put into; ``name`` is the object's."""
        group = self._file.create_group(f"{path}/vars" if path else "vars")
        group.attrs["name"] = name
        return _GroupWriter(self, group)

    def put(self, group, key, value):
        """One array of a group."""
        array = as_array(value)
        name = array.dtype.name
        foreign = array.dtype.kind == "V"  # bfloat16 and its kin are unknown to HDF5
        if foreign:
            array = array.view(f"V{array.dtype.itemsize}")
        large = array.nbytes > _SMALL and array.dtype.isnative
        if large:
            dataset = self._declare(group, key, array)
            self._large.append((dataset, array))
        else:
            dataset = group.create_dataset(key, data=array)
        if foreign:
            dataset.attrs["dtype"] = name
        if array.dtype.kind in "biufcV":
            self._put_number(dataset.id, CHECKSUM, zlib.crc32(_bytes_of(array)))
        self.nbytes += array.nbytes

    @staticmethod
    def _declare(group, key, array):
        """A dataset with its place in the file, into which nothing is written yet."""
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        kind = h5py.h5t.py_create(array.dtype, logical=True)
        space = h5py.h5s.create_simple(array.shape)
        return h5py.Dataset(h5py.h5d.create(group.id, key.encode(), kind, space, plan))

    @staticmethod
    def _put_number(where, name, value):
        space = h5py.h5s.create(h5py.h5s.SCALAR)
        attribute = h5py.h5a.create(where, name.encode(), h5py.h5t.STD_U32LE, space)
        attribute.write(np.asarray(value, np.uint32))

    def pour(self, write):
        """End the file: all its bytes go through ``write``, in order."""
        regions = sorted(((dataset.id.get_offset(), array) for dataset, array in self._large), key=lambda r: r[0])
        self._large = []
        self._file.close()
        at = 0
        for offset, array in regions:
            self._sheet.pour(at, offset, write)
            write(_bytes_of(array))
            at = offset + array.nbytes
        self._sheet.pour(at, self._sheet.size, write)


class _GroupWriter:
    """What ``save_own_variables(store)`` gets: a mapping that takes variables and arrays."""

    def __init__(self, writer, group):
        self._writer = writer
        self._group = group

    def __setitem__(self, key, value):
        self._writer.put(self._group, str(key), value)

    def __getitem__(self, key):
        return self._group[str(key)]

    def __len__(self):
        return len(self._group)

    def keys(self):
        """Names put in so far."""
        return self._group.keys()

    def __iter__(self):
        return iter(self._group)

    def __contains__(self, key):
        return str(key) in self._group


def as_array(value):
    """A variable's or array's value as a contiguous NumPy array."""
    if hasattr(value, "numpy") and not isinstance(value, np.ndarray):
        value = value.numpy()
    return np.asarray(value, order="C")


def _bytes_of(array):
    return memoryview(array.reshape(-1).view(np.uint8)) if array.size else b""
