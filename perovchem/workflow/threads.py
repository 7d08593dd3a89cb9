"""How many threads the libraries of one worker may start: BLAS, OpenMP, numba, polars.

Workers share the cores of a machine; where each starts as many threads as there are cores, they stand in each other's
way. Our own kernels use one thread.
"""

from __future__ import annotations

import os
import sys
from typing import Final

VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)
"""Each is read once, when its library is loaded."""
_bound: set[int] = set()


def cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def environment(threads: int = 1) -> dict[str, str]:
    """Return the environment of a process whose libraries start so many threads each."""
    return {**os.environ, **dict.fromkeys(VARIABLES, str(threads))}


def bind(threads: int = 1) -> None:
    """Bound the threads of this process, which may have loaded its libraries long ago.

    For processes that others have started; ours are born with :func:`environment`.
    """
    numba = sys.modules.get("numba")
    if numba is not None:  # holds for the thread that asks
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    if threads in _bound:
        return
    _bound.add(threads)
    for name in VARIABLES:  # read by those that are not loaded yet
        if name != "NUMBA_NUM_THREADS" or numba is None:  # numba refuses to see it change
            os.environ[name] = str(threads)
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return
    import numpy as np

    np.linalg.inv(np.eye(2))
    threadpool_limits(threads)


def seen() -> dict[str, int]:
    """Return the threads that each loaded library would start."""
    import numba
    import numpy as np
    from threadpoolctl import threadpool_info

    np.linalg.inv(np.eye(2))
    found = {f"{one['user_api']} {one['internal_api']}": int(one["num_threads"]) for one in threadpool_info()}
    return {**found, "numba": int(numba.get_num_threads())}
