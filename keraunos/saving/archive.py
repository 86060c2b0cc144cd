"""``.keras`` archives: zip files of a configuration, weights, and assets.

What comes in is not trusted: members are read by their expected names only, declared sizes are compared with stored ones
before anything is unpacked, and checksums are compared before anything is used.
"""

import concurrent.futures
import os
import posixpath
import shutil
import struct
import tempfile
import zipfile
import zlib

METADATA, CONFIG, WEIGHTS, ASSETS = "metadata.json", "config.json", "model.weights.h5", "assets/"
_MAX_TEXT = 1 << 28  # bytes of a JSON member
_MAX_RATIO = 200  # unpacked : packed
_FREE = 1 << 20
_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")
_CHUNK = 1 << 20
_DATE = (1980, 1, 1, 0, 0, 0)


class ArchiveWriter:
    """A zip archive that is written into an open file."""

    def __init__(self, file):
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)

    def text(self, name, text):
        """A member of text."""
        self._zip.writestr(_info(name), text)

    def poured(self, name, pour, nbytes):
        """A member whose bytes ``pour(write)`` gives, ``nbytes`` of them or a little more."""
        with self._zip.open(_info(name), "w", force_zip64=nbytes > 1 << 31) as member:
            pour(member.write)

    def folder(self, name, path):
        """All files under a folder."""
        for where, _, files in sorted(os.walk(path)):
            for file in sorted(files):
                source = os.path.join(where, file)
                inside = posixpath.join(name, *os.path.relpath(source, path).split(os.sep))
                with open(source, "rb") as f, self._zip.open(_info(inside), "w", force_zip64=True) as member:
                    shutil.copyfileobj(f, member)

    def close(self):
        """Write the table of contents."""
        self._zip.close()


def _info(name):
    info = zipfile.ZipInfo(name, _DATE)
    info.external_attr = 0o600 << 16
    return info


class ArchiveReader:
    """A zip archive that may be damaged or hostile; errors are ``ValueError`` and name the file."""

    def __init__(self, file, name):
        self.name = name
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file)
        except (*_BROKEN, ValueError, struct.error) as e:
            raise ValueError(f"{name} is not a readable .keras archive (truncated or damaged?): {e}") from e
        self._members = {}
        for info in self._zip.infolist():
            self._check_member(info)
            self._members[info.filename] = info

    def _check_member(self, info):
        name = info.filename
        if name in self._members:
            raise ValueError(f"{self.name}: the member {name!r} stands twice, which is refused.")
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
            raise ValueError(f"{self.name}: the member {name!r} would lie outside of the archive, which is refused.")
        if info.flag_bits & 1:
            raise ValueError(f"{self.name}: the member {name!r} is encrypted, which is not supported.")
        if info.compress_type == zipfile.ZIP_STORED:
            if info.file_size != info.compress_size:
                raise ValueError(
                    f"{self.name}: the sizes declared for the member {name!r} contradict each other: refused."
                )
        elif info.file_size > _FREE + _MAX_RATIO * info.compress_size:
            raise ValueError(
                f"{self.name}: the member {name!r} says that {info.compress_size} bytes unpack to {info.file_size}: refused."
            )

    def __contains__(self, name):
        return name in self._members

    def names(self):
        """Names of all members."""
        return list(self._members)

    def text(self, name):
        """A member of text."""
        info = self._require(name)
        if info.file_size > _MAX_TEXT:
            raise ValueError(
                f"{self.name}: the member {name!r} is {info.file_size} bytes long, at most {_MAX_TEXT} are read."
            )
        try:
            return self._zip.read(info).decode("utf-8")
        except _BROKEN as e:
            raise self._damaged(name, e) from e

    def region(self, name):
        """(file, start, size, ``fits``) of the bytes of a member, unpacked when they were compressed.

        ``fits()`` says whether the checksum does; it is computed meanwhile by another thread.
        """
        info = self._require(name)
        if info.compress_type != zipfile.ZIP_STORED:
            return *self._unpacked(info), lambda: True
        start = self._start_of(info)
        if not hasattr(os, "pread"):  # no way to read at a place of its own
            crc = self._checksum(start, info.file_size, self._read_in_turn)
            return self._file, start, info.file_size, lambda: crc == info.CRC
        pool = concurrent.futures.ThreadPoolExecutor(1)
        found = pool.submit(self._checksum, start, info.file_size, lambda n, at: os.pread(self._file.fileno(), n, at))
        pool.shutdown(wait=False)
        return self._file, start, info.file_size, lambda: found.result() == info.CRC

    @staticmethod
    def _checksum(start, size, read):
        crc, at, end = 0, start, start + size
        while at < end:
            piece = read(min(_CHUNK, end - at), at)
            if not piece:
                return None
            crc, at = zlib.crc32(piece, crc), at + len(piece)
        return crc

    def _read_in_turn(self, n, at):
        self._file.seek(at)
        return self._file.read(n)

    def _unpacked(self, info):
        file = tempfile.TemporaryFile()  # closed by the one who asked
        try:
            with self._zip.open(info) as member:
                shutil.copyfileobj(member, file, _CHUNK)
        except _BROKEN as e:
            file.close()
            raise self._damaged(info.filename, e) from e
        file.flush()
        return file, 0, info.file_size

    def _start_of(self, info):
        self._file.seek(info.header_offset)
        raw = self._file.read(_LOCAL_HEADER.size)
        if len(raw) < _LOCAL_HEADER.size or raw[:4] != b"PK\3\4":
            raise self._damaged(info.filename, "its header is broken")
        *_, name_length, extra_length = _LOCAL_HEADER.unpack(raw)
        if self._file.read(name_length) != info.orig_filename.encode("utf-8"):
            raise self._damaged(info.filename, "its header has another name")
        start = info.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        if start + info.file_size > os.fstat(self._file.fileno()).st_size:
            raise self._damaged(info.filename, "the file ends before the member does")
        return start

    def unpack_folder(self, name, target):
        """Write the members under a folder into ``target``; whether there were any."""
        found = [info for info in self._members.values() if info.filename.startswith(name) and not info.is_dir()]
        for info in found:
            path = os.path.join(target, *info.filename[len(name) :].split("/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            try:
                with self._zip.open(info) as member, open(path, "xb") as file:
                    shutil.copyfileobj(member, file, _CHUNK)
            except _BROKEN as e:
                raise self._damaged(info.filename, e) from e
        return bool(found)

    def owns(self, file):
        """Whether a file is the archive itself."""
        return file is self._file

    def _require(self, name):
        if name not in self._members:
            raise ValueError(
                f"{self.name} is not a .keras archive: it has no member {name!r}, only {sorted(self._members)}."
            )
        return self._members[name]

    def _damaged(self, name, why):
        return ValueError(f"{self.name} is damaged: member {name!r}: {why}.")


_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, UnicodeDecodeError, NotImplementedError, RuntimeError)
