"""Data sets of an HDF5 file from a stranger: nothing outside of the file is followed, nothing absurd allocated.

Only hard links are followed (VASP writes no others), so that no other file is opened; data sets whose data lie
in other files (external storage, virtual data sets) or behind a filter that HDF5 does not bring along are
refused; and no set may announce more than the bytes of the file can hold.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from perovchem.errors import FormatError
from perovchem.readers.filebytes import FileBytes

_MOST_RATIO: Final = 60
"""Unpacked over packed bytes; positions and forces pack a few times."""
_FREE_SIZE: Final = 1 << 20
_SMALL: Final = 1 << 20
_PIECE: Final = 64 << 20
_OWN_FILTERS: Final = range(1, 7)  # deflate, shuffle, fletcher32, szip, nbit, scaleoffset
_TROUBLE: Final = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, MemoryError)


class Sets:
    """The data sets of an opened HDF5 file; made by :func:`open_sets`."""

    def __init__(self, file: FileBytes, root: Any) -> None:
        self._file = file
        self._root = root
        self._most = max(_FREE_SIZE, _MOST_RATIO * len(file))

    def find(self, path: str, kinds: str, n_dimensions: int) -> Any:
        """Return a data set, having looked at everything but its numbers; None where there is none.

        Parameters
        ----------
        path : str
            Names from the root on, parted by "/".
        kinds : str
            Allowed kinds of NumPy's dtype.
        n_dimensions : int

        Raises
        ------
        FormatError
            If it leads out of the file, or has another type or shape.
        """
        import h5py

        node = self._root
        for name in path.split("/"):
            if not isinstance(node, h5py.Group):
                raise self._wrong(path, f"{node.name} is no group")
            link = node.get(name, getlink=True)
            if link is None:
                return None
            if not isinstance(link, h5py.HardLink):
                raise self._wrong(path, "it is a link that leads elsewhere, and such are not followed")
            node = node[name]
        if not isinstance(node, h5py.Dataset):
            raise self._wrong(path, "it is no data set")
        if node.is_virtual or node.external:
            raise self._wrong(path, "its data lie in other files, which are not read")
        if node.dtype.kind not in kinds or node.shape is None or len(node.shape) != n_dimensions:
            raise self._wrong(path, f"it has type {node.dtype} and shape {node.shape}")
        properties = node.id.get_create_plist()
        filters = [properties.get_filter(k)[0] for k in range(properties.get_nfilters())]
        if any(one not in _OWN_FILTERS for one in filters):
            raise self._wrong(path, f"it is packed by a filter of number {max(filters)}")
        chunk = math.prod(node.chunks or (0,)) * node.dtype.itemsize
        if chunk > self._most:
            raise self._wrong(path, f"its pieces take {chunk:.3g} bytes, the whole file {len(self._file)}")
        return node

    def held(self, data: Any) -> int:
        """Return how many leading rows of the first axis were written, and are not mere fill.

        Raises
        ------
        FormatError
            If the set announces more than the file can hold.
        """
        shape, size = data.shape, math.prod(data.shape) * data.dtype.itemsize
        if data.chunks is None:
            if data.id.get_storage_size() < size:
                self._refuse_absurd(data, size)
                return 0
            return int(shape[0])
        slab = math.prod(-(-n // c) for n, c in zip(shape[1:], data.chunks[1:], strict=True))
        expected = -(-shape[0] // data.chunks[0]) * slab
        written = int(shape[0])
        if data.id.get_num_chunks() < expected:
            counts: dict[int, int] = {}

            def count(info: Any) -> None:
                row = int(info.chunk_offset[0]) // data.chunks[0]
                counts[row] = counts.get(row, 0) + 1

            data.id.chunk_iter(count)
            row = 0
            while counts.get(row, 0) >= slab > 0:
                row += 1
            written = min(written, row * data.chunks[0])
        self._refuse_absurd(data, math.prod(shape[1:]) * written * data.dtype.itemsize)
        return written

    def _refuse_absurd(self, data: Any, size: int) -> None:
        if size > self._most:
            raise self._wrong(
                data.name, f"it announces {size:.3g} bytes in a file of {len(self._file)}", absurd=True
            )

    def small(self, path: str, kinds: str, n_dimensions: int) -> NDArray[Any] | None:
        """Return a small data set in full; None where there is none.

        Raises
        ------
        FormatError
            As :meth:`find`, or if it is not small.
        """
        data = self.find(path, kinds, n_dimensions)
        if data is None:
            return None
        if data.size * max(data.dtype.itemsize, 1) > _SMALL:
            raise self._wrong(path, f"it has shape {data.shape}", absurd=True)
        return np.asarray(data[()])

    def texts(self, path: str, n_dimensions: int = 1) -> list[str] | None:
        """Return a small data set of texts, blanks stripped; None where there is none."""
        values = self.small(path, "SO", n_dimensions)
        if values is None:
            return None
        return [
            (one.decode("latin-1") if isinstance(one, bytes) else str(one)).strip(" \0")[:200]
            for one in values.ravel()
        ]

    def number(self, path: str) -> float:
        """Return a single number; NaN where there is none."""
        values = self.small(path, "fiu", 0)
        return float("nan") if values is None else float(values)

    def rows(self, path: str, frames: NDArray[np.int64], n_dimensions: int) -> NDArray[np.float64]:
        """Return chosen rows of the first axis as float64, read in runs and bounded pieces."""
        data = self.find(path, "f", n_dimensions)
        if data is None:
            raise self._wrong(path, "it is gone")
        out = np.empty((len(frames), *data.shape[1:]))
        most = max(1, _PIECE // max(1, math.prod(data.shape[1:]) * 8))
        k = 0
        while k < len(frames):
            stop = k + 1
            while stop < len(frames) and stop - k < most and frames[stop] == frames[stop - 1] + 1:
                stop += 1
            out[k:stop] = data[int(frames[k]) : int(frames[stop - 1]) + 1]
            k = stop
        return out

    def _wrong(self, path: str, why: str, *, absurd: bool = False) -> FormatError:
        """Return the refusal of a data set."""
        return FormatError(
            f"{path.strip('/')} in the HDF5 file cannot be used: {why}",
            where=str(self._file.path),
            fix="read the run's XDATCAR or vasprun.xml"
            + (", and ask where the file comes from" if absurd else ""),
        )


@contextmanager
def open_sets(file: FileBytes) -> Iterator[Sets]:
    """Open an HDF5 file for one reading.

    Raises
    ------
    FormatError
        If HDF5 cannot open or read it.
    """
    import h5py

    file.verify()
    stream: Any = io.BytesIO(file.data) if isinstance(file.data, bytes) else _Stream(file)
    doing = "open"
    try:
        with h5py.File(stream, "r") as root:
            doing = "read"
            yield Sets(file, root)
    except _TROUBLE as error:
        raise FormatError(
            f"HDF5 cannot {doing} it: {_first_line(error)}",
            where=str(file.path),
            fix="if the run goes on or was killed, wait or read its XDATCAR; else copy the file again",
        ) from None


def _first_line(error: BaseException) -> str:
    """Return the beginning of what HDF5 says."""
    text = " ".join(str(error).split())
    return text[:200] or type(error).__name__


class _Stream(io.RawIOBase):
    """The bytes of a mapped file as HDF5 reads them: no name, so nothing beside it can be meant."""

    def __init__(self, file: FileBytes) -> None:
        self._data = memoryview(file.data)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        self._at = origin + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        piece = self._data[self._at : self._at + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
