"""Files as bytes: unpacked right, cut streams kept as a prefix, hostile ones refused soon and in little memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import socket
import subprocess
import sys
import tempfile
import time
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from builders_castep import md_run
from builders_vasprun import liquid
from builders_xdatcar import Xdatcar, breathing, walk

from perovchem.errors import InputError
from perovchem.readers import filebytes
from perovchem.readers.filebytes import FileBytes, open_bytes

TEXT = Xdatcar(walk(300, 20), counts=(5, 15)).text()
PACK = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
UNPACK = {"gz": gzip.decompress, "bz2": bz2.decompress, "xz": lzma.decompress}
EMPTY = {kind: pack(b"") for kind, pack in PACK.items()}


def written(folder: Path, content: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def content(file: FileBytes) -> bytes:
    return bytes(file.data[:])


def test_a_plain_file_is_mapped(tmp_path: Path) -> None:
    file = open_bytes(written(tmp_path, TEXT))
    assert content(file) == TEXT
    assert len(file) == len(TEXT)
    assert file.complete
    assert file.notes == ()
    assert file.array.tobytes() == TEXT
    assert not file.array.flags.writeable


def test_pages_that_were_let_go_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes stand there; the process holds the file no longer (Linux tells how much it holds)."""
    monkeypatch.setattr(filebytes, "_HELD", 0)
    raw = np.arange(40 << 20, dtype=np.uint8).tobytes()
    file = open_bytes(written(tmp_path, raw))
    total = int(file.array.sum(dtype=np.int64))
    held = file_pages()
    file.release()
    assert file_pages() < held - (30 << 10) or held == 0
    assert int(file.array.sum(dtype=np.int64)) == total
    assert content(file) == raw


def file_pages() -> int:
    """Return how much of mapped files this process holds, kB; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    text = status.read_text() if status.exists() else ""
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("RssFile"))


def test_lines_are_counted_from_one(tmp_path: Path) -> None:
    file = open_bytes(written(tmp_path, b"a\nbb\n\nc"))
    assert [file.line_number(k) for k in range(8)] == [1, 1, 2, 2, 2, 3, 4, 4]
    assert file.where(5) == f"{tmp_path / 'file'}, line 3"


def test_lines_of_a_large_file_are_counted_in_little_memory() -> None:
    file = FileBytes(Path("large"), b"123\n" * 5_000_000)
    assert file.array.size == 20_000_000
    tracemalloc.start()
    assert file.line_number(len(file) - 1) == 5_000_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6


def test_lines_are_counted_right_in_any_order_and_only_once() -> None:
    random = np.random.default_rng(0)
    text = bytes(random.choice(np.frombuffer(b"\nabc", np.uint8), 200_000))
    file = FileBytes(Path("x"), text)
    places = [0, *random.integers(0, len(text), 50), *range(16_380, 16_390), len(text) - 1, len(text)]
    assert [file.line_number(int(k)) for k in places] == [text.count(b"\n", 0, k) + 1 for k in places]
    large = FileBytes(Path("large"), b"123\n" * 5_000_000)
    start = time.perf_counter()
    for k in range(5000):  # 10 GB, were each counted from the beginning
        assert large.line_number(len(large) - 4 * k - 1) == 5_000_000 - k
    assert time.perf_counter() - start < 2.0


# files that change while they are open ----------------------------------------------------------------------------

READ_WHEN_CUT = """
import os, sys
import numpy as np
from perovchem.errors import InputError
from perovchem.readers.filebytes import open_bytes
from perovchem.readers.run import open_source

for path in sys.argv[1:]:
    source = open_source(open_bytes(path))
    everything = np.arange(source.n_frames)
    reads = {name: lambda name=name: source.array(name, everything, None) for name in sorted(source.arrays)}
    reads["coordinates"] = lambda: source.coordinates(everything, None)
    reads["cells"] = lambda: source.cells(everything)
    if source.format != "XDATCAR":
        reads["scalars"] = source.scalars
    os.truncate(path, 100)
    for name, read in reads.items():
        try:
            read()
        except InputError as error:
            assert "shrank" in error.what and "open it again" in error.fix and path in error.where, error
            print(source.format, name)
"""


def test_a_file_that_is_cut_after_opening_is_an_error_and_no_crash(tmp_path: Path) -> None:
    """In a process of its own: to touch a page beyond the end of a mapped file is a bus error."""
    texts = {
        "XDATCAR": Xdatcar(walk(100, 20), cell=breathing(100), counts=(5, 15)).text(),
        "vasprun.xml": liquid(6).text(),
        "x.md": md_run(n_frames=20, variable_cell=True).text(),
    }
    paths = [str(written(tmp_path, text, name)) for name, text in texts.items()]
    done = subprocess.run(
        [sys.executable, "-c", READ_WHEN_CUT, *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert done.stdout.split("\n")[:-1] == [
        "XDATCAR coordinates", "XDATCAR cells",
        "vasprun.xml forces", "vasprun.xml stress", "vasprun.xml coordinates", "vasprun.xml cells", "vasprun.xml scalars",
        "CASTEP .md forces", "CASTEP .md stress", "CASTEP .md velocities", "CASTEP .md coordinates", "CASTEP .md cells",
        "CASTEP .md scalars",
    ]  # fmt: skip


def test_files_that_grow_or_are_replaced_or_removed_do_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT)
    file = open_bytes(path)
    with path.open("ab") as handle:
        handle.write(b"more")
    file.verify()
    written(tmp_path, b"another", "new").replace(path)
    file.verify()
    path.unlink()
    file.verify()
    assert content(file) == TEXT


@pytest.mark.parametrize("kind", PACK)
def test_what_was_unpacked_does_not_depend_on_the_packed_file(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, PACK[kind](TEXT))
    file = open_bytes(path)
    os.truncate(path, 10)
    file.verify()
    assert content(file) == TEXT


@pytest.mark.parametrize("kind", PACK)
def test_a_full_temporary_folder_is_not_a_corrupt_file(tmp_path: Path, kind: str) -> None:
    """The system's limit on the size of a file stands for the full disk."""
    path = written(tmp_path, PACK[kind](b"0.25 0.5 0.75\n" * 20_000))
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "from perovchem.errors import InputError\n"
        "from perovchem.readers.filebytes import open_bytes\n"
        "try:\n    open_bytes(sys.argv[1])\nexcept InputError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert "no room for the unpacked file in the temporary folder" in done.stdout
    assert "TMPDIR" in done.stdout
    assert "corrupt" not in done.stdout


def test_a_missing_temporary_folder_is_not_a_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(InputError, match="temporary folder"):
        open_bytes(written(tmp_path, gzip.compress(TEXT)))


@pytest.mark.parametrize("kind", PACK)
def test_packed_files_are_unpacked_whatever_their_name(tmp_path: Path, kind: str) -> None:
    for name in (f"XDATCAR.{kind}", "XDATCAR", "XDATCAR.gz", "notes.txt"):
        file = open_bytes(written(tmp_path, PACK[kind](TEXT), name))
        assert content(file) == TEXT
        assert file.complete
        assert file.notes == ()


def test_a_name_does_not_make_a_packed_file(tmp_path: Path) -> None:
    assert content(open_bytes(written(tmp_path, TEXT, "XDATCAR.gz"))) == TEXT


@pytest.mark.parametrize("kind", PACK)
def test_joined_streams_are_one_text(tmp_path: Path, kind: str) -> None:
    """As ``cat run1.gz run2.gz`` makes them; empty ones and zero padding between them do no harm."""
    parts = [TEXT, b"", TEXT[:1000], b"x", TEXT]
    for padding in (b"", b"\0" * 4, b"\0" * 512):
        packed = padding.join(PACK[kind](part) for part in parts) + padding
        file = open_bytes(written(tmp_path, packed))
        assert content(file) == b"".join(parts)
        assert file.complete


@pytest.mark.parametrize("kind", PACK)
def test_streams_may_end_anywhere_in_what_is_read_at_once(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first bytes of the second stream may be the last ones of a piece that was read."""
    one = PACK[kind](b"the first stream")
    packed = one + PACK[kind](b" and the second") + PACK[kind](b" and the third")
    for size in range(1, len(packed) + 1):
        monkeypatch.setattr(filebytes, "_FEED", size)
        file = open_bytes(written(tmp_path, packed))
        assert content(file) == b"the first stream and the second and the third", size
        assert file.complete


def test_a_stream_that_ends_at_the_true_size_of_a_piece(tmp_path: Path) -> None:
    """Incompressible bytes, so that the boundary can be moved across that of the pieces byte by byte."""
    noise = np.random.default_rng(0).bytes(filebytes._FEED)
    overhead = len(gzip.compress(noise, 0)) - len(noise)
    for lacking in range(overhead - 3, overhead + 12):
        first = noise[: len(noise) - lacking]
        packed = gzip.compress(first, 0) + gzip.compress(b"second", 0)
        assert content(open_bytes(written(tmp_path, packed))) == first + b"second"


@pytest.mark.parametrize("kind", PACK)
def test_a_cut_stream_gives_a_prefix_and_says_so(tmp_path: Path, kind: str) -> None:
    packed = PACK[kind](TEXT)
    found = set()
    for cut in {
        *range(1, 40),
        *range(40, len(packed), len(packed) // 60),
        *range(len(packed) - 12, len(packed)),
    }:
        path = written(tmp_path, packed[:cut], f"XDATCAR.{kind}")
        if cut < 6:  # not even its first bytes: maybe a plain file
            continue
        try:
            file = open_bytes(path)
        except InputError as error:
            assert "holds nothing" in error.what
            continue
        assert TEXT.startswith(content(file))
        assert not file.complete
        (note,) = file.notes
        assert path.name in note
        found.add(len(file))
    assert max(found) > 0.5 * len(TEXT) or kind != "gz"  # bz2 and xz unpack by large blocks


@pytest.mark.parametrize("kind", PACK)
def test_a_cut_second_stream_keeps_the_first(tmp_path: Path, kind: str) -> None:
    first, second = PACK[kind](TEXT), PACK[kind](b"y" * 1000)
    file = open_bytes(written(tmp_path, first + second[: len(second) - 5]))
    assert content(file).startswith(TEXT)
    assert not file.complete


@pytest.mark.parametrize("kind", PACK)
def test_what_follows_a_stream_and_is_none_is_told(tmp_path: Path, kind: str) -> None:
    file = open_bytes(written(tmp_path, PACK[kind](TEXT) + b"some other text"))
    assert content(file) == TEXT
    assert not file.complete
    assert "left out" in file.notes[0]


@pytest.mark.parametrize("kind", PACK)
def test_a_corrupt_stream_is_refused_or_right(tmp_path: Path, kind: str) -> None:
    """Every stream carries check sums; a flipped bit is never handed on as text."""
    packed = bytearray(PACK[kind](TEXT))
    refused = 0
    for place in range(12, len(packed), max(1, len(packed) // 80)):
        broken = bytearray(packed)
        broken[place] ^= 0x10
        try:
            file = open_bytes(written(tmp_path, bytes(broken)))
        except InputError as error:
            assert error.fix
            refused += 1
        else:
            assert not file.complete or content(file) == TEXT, place
    assert refused > 60


@pytest.mark.parametrize("kind", PACK)
def test_a_wrong_check_sum_is_refused(tmp_path: Path, kind: str) -> None:
    packed = bytearray(PACK[kind](TEXT))
    packed[{"gz": -6, "bz2": -3, "xz": len(packed) // 2}[kind]] ^= 0xFF
    with pytest.raises(InputError, match="corrupt"):
        open_bytes(written(tmp_path, bytes(packed)))


def bomb(kind: str, size: int) -> bytes:
    out = io.BytesIO()
    opener = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}[kind]
    with opener(out, "wb") as stream:  # type: ignore[operator]  # three functions of one call
        for _ in range(size >> 20):
            stream.write(b"\n" * (1 << 20))
    return out.getvalue()


def refused_in_time(path: Path, what: str, seconds: float = 5.0) -> None:
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(InputError, match=what):
        open_bytes(path)
    took = time.perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert took < seconds
    assert peak < 50e6


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_is_refused(tmp_path: Path, kind: str) -> None:
    """100 MB of line ends in some kB: refused, though its first 64 MB would pass."""
    packed = bomb(kind, 100 << 20)
    assert len(packed) < 200_000
    refused_in_time(written(tmp_path, packed), "more than 60 times")


@pytest.mark.parametrize("kind", PACK)
def test_bombs_of_many_streams_are_refused(tmp_path: Path, kind: str) -> None:
    """A hundred thousand empty streams; and small bombs one after the other."""
    refused_in_time(written(tmp_path, EMPTY[kind] * 100_000), "many streams")
    refused_in_time(written(tmp_path, bomb(kind, 5 << 20) * 20), "more than 60 times")


def test_a_sane_file_of_many_streams_is_read(tmp_path: Path) -> None:
    """As blocked gzip is: 64 kB a stream, and more of them than are free."""
    block = np.random.default_rng(1).bytes(3000)
    packed = gzip.compress(block, 1) * 1500
    assert content(open_bytes(written(tmp_path, packed))) == block * 1500


def test_an_xz_file_that_wants_too_much_memory_is_refused(tmp_path: Path) -> None:
    """A dictionary of 1.5 GB, which the header merely names."""
    packed = bytearray(lzma.compress(b"text " * 100, preset=0))
    # block header: size, flags, filter id 0x21, size of its properties, dictionary code; CRC32 over it
    assert packed[14] == 0x21
    packed[16] = 40  # 4 GiB - 1
    size = (packed[12] + 1) * 4
    packed[12 + size - 4 : 12 + size] = zlib.crc32(packed[12 : 12 + size - 4]).to_bytes(4, "little")
    refused_in_time(written(tmp_path, bytes(packed)), "(?i)memory")


# what is no file ------------------------------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_bytes(tmp_path / "nothing")


def test_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="empty"):
        open_bytes(written(tmp_path, b""))


@pytest.mark.parametrize("kind", PACK)
def test_an_empty_packed_file(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError, match="holds nothing"):
        open_bytes(written(tmp_path, EMPTY[kind]))


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder"):
        open_bytes(tmp_path)


def test_a_file_within_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        open_bytes(written(tmp_path, TEXT) / "XDATCAR")


def test_a_link_to_itself_and_one_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    for name in ("loop", "dangling"):
        with pytest.raises(InputError):
            open_bytes(tmp_path / name)


def test_names_that_no_system_takes(tmp_path: Path) -> None:
    for name in ("x" * 5000, "a\0b"):
        with pytest.raises(InputError):
            open_bytes(tmp_path / name)


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, TEXT)
    if os.geteuid() == 0:  # root may read everything: let the system say no
        monkeypatch.setattr(
            Path, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
        )
    else:
        path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        open_bytes(path)


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe"):
        open_bytes(tmp_path / "pipe")


def test_devices_and_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for path in ("socket", os.devnull):
            with pytest.raises(InputError, match="device"):
                open_bytes(path)
