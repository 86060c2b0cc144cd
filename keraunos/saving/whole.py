"""Files that are written whole or not at all."""

import contextlib
import os
import secrets
import shutil
import stat


@contextlib.contextmanager
def whole_file(path):
    """A binary file that takes the place of ``path`` when the block ends well; else ``path`` stays as it was.

    The bytes are on the disk before the name is: after a crash there is the old file or the new one.
    """
    path = os.path.realpath(os.fspath(path))
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{path!r} can't be written: the folder {folder!r} does not exist.")
    temporary = _beside(path)
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
        _sync_folder(folder)
    except OSError as e:
        _forget(temporary)
        raise type(e)(e.errno, f"{path!r} could not be written and is as it was before: {e.strerror or e}") from e
    except BaseException:
        _forget(temporary)
        raise


@contextlib.contextmanager
def whole_folder(path):
    """A folder that takes the place of ``path`` when the block ends well."""
    path = os.path.realpath(os.fspath(path))
    temporary, old = _beside(path), _beside(path)
    os.mkdir(temporary)
    try:
        yield temporary
        for name in os.listdir(temporary):
            _sync(os.path.join(temporary, name))
        if os.path.exists(path):
            os.rename(path, old)
        os.rename(temporary, path)
        _sync_folder(os.path.dirname(path))
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        if os.path.exists(old) and not os.path.exists(path):
            os.rename(old, path)
        raise


def _beside(path):
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:100]}.{os.getpid()}.{secrets.token_hex(4)}.tmp")


def _forget(path):
    with contextlib.suppress(OSError):
        os.unlink(path)


def _sync(path):
    if os.path.isfile(path):
        with open(path, "rb") as file:
            os.fsync(file.fileno())


def _sync_folder(folder):
    """The new name is on the disk too (where the system lets a folder be opened)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
