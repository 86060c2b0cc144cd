"""Files are written whole or not at all."""

import os
import signal
import subprocess
import sys
import time

import pytest

from keraunos.saving.whole import whole_file, whole_folder


def test_a_new_file_and_its_successor(tmp_path):
    path = tmp_path / "a"
    for text in (b"old", b"new"):
        with whole_file(path) as f:
            f.write(text)
        assert path.read_bytes() == text
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("x")])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), whole_file(path) as f:
        f.write(b"new")
        raise error
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]


def test_the_error_names_the_file_and_says_that_it_is_unchanged(tmp_path):
    with (
        pytest.raises(OSError, match="a' could not be written and is as it was before: No space") as e,
        whole_file(tmp_path / "a"),
    ):
        raise OSError(28, "No space left on device")
    assert e.value.errno == 28


def test_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"), whole_file(tmp_path / "b" / "a"):
        pass


def test_permissions_and_links_stay(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    with whole_file(link) as f:
        f.write(b"new")
    assert link.is_symlink() and target.read_bytes() == b"new" and target.stat().st_mode & 0o777 == 0o640


def test_a_folder_whole_or_not_at_all(tmp_path):
    path = tmp_path / "m"
    for text in ("old", "new"):
        with whole_folder(path) as inside, open(os.path.join(inside, "x"), "w") as f:
            f.write(text)
    with pytest.raises(ValueError), whole_folder(path) as inside:
        open(os.path.join(inside, "x"), "w").close()
        raise ValueError
    assert (path / "x").read_text() == "new" and os.listdir(tmp_path) == ["m"]


SAVE = """
import sys, resource, numpy as np
from keraunos.saving.hdf5_write import WeightsWriter
from keraunos.saving.whole import whole_file
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
writer = WeightsWriter()
writer.group("", "model")["0"] = np.ones(1 << 20, np.float32)
with whole_file(sys.argv[1]) as f:
    if not limit:
        f.write(b"half"); f.flush(); print("writing", flush=True); sys.stdin.read()
    writer.pour(f.write)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="needs limits on the size of files")
def test_a_full_disk(tmp_path):
    path = tmp_path / "w.weights.h5"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", SAVE, str(path), "100000"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1 and "could not be written and is as it was before" in done.stderr
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["w.weights.h5"]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_in_the_middle(tmp_path):
    path = tmp_path / "w.weights.h5"
    path.write_bytes(b"old")
    process = subprocess.Popen(
        [sys.executable, "-c", SAVE, str(path), "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout.readline().strip() == b"writing"
        process.kill()
        process.wait(timeout=60)
    time.sleep(0)
    assert path.read_bytes() == b"old"
    with whole_file(path) as f:  # what the killed process left does not disturb the next
        f.write(b"new")
    assert path.read_bytes() == b"new"
