"""Inside a worker process: calls come by standard input, answers leave by standard output, both pickled.

The other end is the process that started this one, and nobody else. When it ends, however it ends, so does this one,
with what it has started.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import queue
import signal
import stat
import struct
import sys
import threading
from pathlib import Path
from typing import IO, Any, Final

HEAD: Final = struct.Struct("<Q")
"""Length of what follows, bytes."""
READY: Final = HEAD.pack(5) + b"ready"
"""The first that a worker sends."""


def serve() -> None:
    """Answer calls until there is nobody to call."""
    calls = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # whatever a library prints is kept apart from the answers
    faulthandler.enable()
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(calls, waiting), daemon=True).start()
    send(answers, b"ready")
    while True:
        call = waiting.get()
        _forget_what_was_printed()
        send(answers, _answer(call))


def _listen(calls: IO[bytes], waiting: queue.SimpleQueue[bytes]) -> None:
    """Take calls, also while one is under way, so that the end of the caller is seen at once."""
    with contextlib.suppress(OSError):
        while (call := receive(calls)) is not None:
            waiting.put(call)
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _forget_what_was_printed() -> None:
    """Empty the file behind standard error: what it holds at a death is of the item that died."""
    if stat.S_ISREG(os.fstat(2).st_mode):
        os.lseek(2, 0, os.SEEK_SET)
        os.ftruncate(2, 0)


def _answer(call: bytes) -> bytes:
    """Return the pickled value of a call, or what it raised."""
    try:
        function, arguments = pickle.loads(call)  # noqa: S301  from the process that started this one
        return pickle.dumps((True, function(*arguments)))
    except BaseException as error:  # noqa: BLE001  goes back to the caller
        return _pickled(error)


def _pickled(error: BaseException) -> bytes:
    plain = RuntimeError(f"{type(error).__name__}: {error}")
    try:
        answer = pickle.dumps((False, error if isinstance(error, Exception) else plain))
        pickle.loads(answer)  # noqa: S301  some errors can be pickled and not be made again
    except Exception:  # noqa: BLE001
        return pickle.dumps((False, plain))
    return answer


def send(stream: IO[bytes], message: bytes) -> None:
    """Write one message."""
    stream.write(HEAD.pack(len(message)) + message)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read one message; None at the end of the stream."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (length,) = HEAD.unpack(head)
    message = stream.read(length)
    return message if len(message) == length else None


def arguments_of_python() -> list[Any]:
    """Return what starts a worker: it looks for modules where this process does, and not where it will stand."""
    import json

    paths = json.dumps([str(Path(path).absolute()) for path in sys.path])
    start = "import json, sys; sys.path[:] = json.loads(sys.argv[1])\n"
    start += "from perovchem.workflow.worker import serve; serve()"
    return [sys.executable, "-c", start, paths]
