"""Reading weights from HDF5 files that may be damaged or hostile.

Only hard links to plain datasets inside the file are followed; nothing is allocated for a dataset before its declared size
has been compared with what the file holds.
"""

import contextlib
import functools
import io
import os
import zlib
from collections.abc import Mapping

import lazy_loader
import ml_dtypes
import numpy as np

from keraunos.saving.hdf5_write import CHECKSUM

h5py = lazy_loader.load("h5py")
_ALIGNMENT = 64  # engines take over such a buffer without a copy
_KEPT = 1 << 26  # bytes that are kept from checking a file until they are asked for
_FREE = 1 << 26  # bytes that a dataset may have whatever its stored size (unwritten or well compressed ones)
_MAX_RATIO = 200
_FOREIGN = {
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8_e5m2": ml_dtypes.float8_e5m2,
}
_NUMBERS = "biufc"
# What HDF5 raises on broken data.
_BROKEN = (OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, ArithmeticError, MemoryError)


class WeightsFileError(ValueError):
    """A file of weights is damaged, or holds what is not allowed in it."""


class Region(io.RawIOBase):
    """The bytes from ``start`` on, ``size`` of them, of an open file, as a file of its own."""

    def __init__(self, file, start, size):
        self.file, self.start, self.size, self.at = file, start, size, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def tell(self):
        return self.at

    def readinto(self, buffer):
        buffer = memoryview(buffer).cast("B")
        n = max(0, min(len(buffer), self.size - self.at))
        self.read_at(self.at, buffer[:n])
        self.at += n
        return n

    def read_at(self, offset, buffer):
        """Fill the buffer from a place, or raise ``EOFError``."""
        self.file.seek(self.start + offset)
        done = 0
        while done < len(buffer):
            n = self.file.readinto(buffer[done:])
            if not n:
                raise EOFError("the file ends before the data does")
            done += n


class WeightsFile:
    """An HDF5 file of weights: ``group(path)`` is the mapping of the variables of one object."""

    def __init__(self, file, name, start=0, size=None, check=True):
        self.name = name  # as messages call it
        self._kept, self._room = {}, _KEPT
        self.check = check  # compare checksums of what is read (not needed where the archive has one of all)
        size = os.fstat(file.fileno()).st_size - start if size is None else size
        self.region = Region(file, start, size)
        try:
            self._h5 = h5py.File(self.region, "r")
        except _BROKEN as e:
            raise WeightsFileError(f"{name} is not a readable HDF5 file (truncated or damaged?): {e}") from e
        with self.guarded(""):
            self._checked = CHECKSUM in self._h5.attrs
            self._aliases = {} if "layers" in self._h5 else {"layers": "_layer_checkpoint_dependencies"}  # Keras 2.12

    def verify(self):
        """Read all that has a checksum, and raise ``ValueError`` that names the first weight that is damaged."""
        if self._checked:
            for path in self._datasets:
                array = self.read(self.descend(self._h5, path), path)
                if array.nbytes <= self._room:  # small ones need not be read again
                    self._room -= array.nbytes
                    self._kept[path] = array

    def take(self, path):
        """An array that ``verify`` kept, or None; it is not kept any longer."""
        return self._kept.pop(path, None)

    @functools.cached_property
    def _datasets(self):
        """Paths of all datasets."""
        found = []

        def visit(name, info):
            if info.type == h5py.h5o.TYPE_DATASET:
                found.append(name.decode("utf-8"))

        with self.guarded(""):
            h5py.h5o.visit(self._h5.id, visit, info=True)
        return found

    def paths(self):
        """Paths of the objects that have variables in the file."""
        above = (path.rpartition("/")[0] for path in self._datasets)
        return list(dict.fromkeys(a.removesuffix("vars").rstrip("/") for a in above if a.rpartition("/")[2] == "vars"))

    def close(self):
        """Close the HDF5 file; the file that it was made from stays open."""
        self._h5.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def group(self, path):
        """The mapping of names to arrays under a path, or None where the file has none."""
        with self.guarded(path):
            group = self._find(f"{path}/vars" if path else "vars")
        if group is not None and not isinstance(group, h5py.Group):
            raise self._damaged(path, "a dataset stands where a group should")
        return None if group is None else StoredGroup(self, group, path)

    def _find(self, path):
        here = self._h5
        for name in path.split("/"):
            name = self._aliases.get(name, name) if here is self._h5 else name
            if not isinstance(here, h5py.Group) or name not in here:
                return None
            here = self.follow(here, name)
        return here

    @property
    def root(self):
        """The group of everything."""
        return self._h5

    def descend(self, group, path):
        """What stands under a path in a group; ``ValueError`` when there is nothing."""
        for name in path.strip("/").split("/"):
            if not isinstance(group, h5py.Group) or name not in group:
                raise WeightsFileError(f"{self.name} is damaged: {path!r} is listed, but not there.")
            group = self.follow(group, name)
        return group

    def follow(self, group, name):
        """A member of a group, if it lies in this file."""
        kind = group.id.links.get_info(name.encode()).type
        if kind != h5py.h5l.TYPE_HARD:
            raise WeightsFileError(f"{self.name}: {group.name}/{name} is a link to somewhere else, which is refused.")
        return group[name]

    def read(self, dataset, where):
        """The array of a dataset; ``where`` names it in messages."""
        with self.guarded(where):
            self._check_storage(dataset, where)
            array = self._contiguous(dataset)
            if array is None:
                array = np.empty(dataset.shape, dataset.dtype)
                if array.size:
                    dataset.read_direct(array)
            self._check_sum(dataset, array, where)
            return _native(array, dataset)

    @contextlib.contextmanager
    def guarded(self, where):
        """What HDF5 raises on broken data becomes a ``ValueError`` that names the file and the place."""
        try:
            yield
        except WeightsFileError:
            raise
        except _BROKEN as e:
            raise self._damaged(where, e) from e

    def _check_storage(self, dataset, where):
        plan = dataset.id.get_create_plist()
        if plan.get_external_count() or plan.get_layout() == h5py.h5d.VIRTUAL:
            raise WeightsFileError(f"{self.name}: {where} is stored outside of the file, which is refused.")
        if dataset.dtype.kind not in _NUMBERS + "SV" or dataset.dtype.fields is not None:
            raise WeightsFileError(f"{self.name}: {where} must hold numbers, got dtype {dataset.dtype}.")
        stored, declared = dataset.id.get_storage_size(), nbytes_of(dataset)
        plain = plan.get_layout() == h5py.h5d.CONTIGUOUS and stored
        if plain and declared > self.region.size or declared > _FREE + _MAX_RATIO * stored:
            raise WeightsFileError(
                f"{self.name}: {where} says it has shape {dataset.shape} and dtype {dataset.dtype}, {declared} bytes, but the "
                f"file holds {stored} bytes for it: refused."
            )

    def _contiguous(self, dataset):
        """The array read straight from the file, or None for chunked, small or unwritten datasets."""
        offset = dataset.id.get_offset()
        n = nbytes_of(dataset)
        if offset is None or not n:
            return None
        raw = aligned(n)
        self.region.read_at(offset, memoryview(raw))
        return raw.view(dataset.dtype).reshape(dataset.shape)

    def _check_sum(self, dataset, array, where):
        if not (self._checked and self.check):
            return
        if CHECKSUM not in dataset.attrs:
            if array.dtype.kind in _NUMBERS + "V":
                raise self._damaged(where, "its checksum is missing")
        elif array.size and zlib.crc32(array.reshape(-1).view(np.uint8)) != int(dataset.attrs[CHECKSUM]):
            raise self._damaged(where, "its checksum does not fit")

    def _damaged(self, where, why):
        return WeightsFileError(f"{self.name} is damaged at {where or 'its root'}: {why}.")


class StoredGroup(Mapping):
    """What ``load_own_variables(store)`` gets: names to NumPy arrays, read when asked for."""

    def __init__(self, file, group, path):
        self._file, self._group = file, group
        self._prefix = f"{path}/vars/" if path else "vars/"
        with file.guarded(path):
            self._names = dict.fromkeys(group)
        self._opened = {}

    def _dataset(self, key):
        key = str(key)
        if key not in self._opened:
            if key not in self._names:
                raise KeyError(key)
            with self._file.guarded(self._prefix + key):
                dataset = self._file.follow(self._group, key)
            if not isinstance(dataset, h5py.Dataset):
                raise WeightsFileError(f"{self._file.name}: {self._prefix}{key} must be an array, got a group.")
            self._opened[key] = dataset
        return self._opened[key]

    def __getitem__(self, key):
        dataset, path = self._dataset(key), f"{self._prefix}{key}"
        kept = self._file.take(path)
        return self._file.read(dataset, path) if kept is None else kept

    def __contains__(self, key):
        return str(key) in self._names

    def shape(self, key):
        """The declared shape of a variable, without reading it."""
        with self._file.guarded(f"{self._prefix}{key}"):
            return self._dataset(key).shape

    def __len__(self):
        return len(self._names)

    def __iter__(self):
        return iter(self._names)


def nbytes_of(dataset):
    """Declared size of a dataset in bytes, as an exact integer."""
    n = dataset.dtype.itemsize
    for d in dataset.shape or ():
        n *= int(d)
    return n


def aligned(nbytes):
    """Bytes at an address that engines can take over."""
    raw = np.empty(nbytes + _ALIGNMENT, np.uint8)
    skip = -raw.ctypes.data % _ALIGNMENT
    return raw[skip : skip + nbytes]


def _native(array, dataset):
    """The array in the machine's byte order; what HDF5 does not know as the dtype that an attribute names."""
    if array.dtype.kind == "V":
        name = dataset.attrs.get("dtype")
        if name not in _FOREIGN:
            raise TypeError(f"unknown dtype {name!r}")
        return array.view(_FOREIGN[name])
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
