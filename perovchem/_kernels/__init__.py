"""numba on bare arrays: the only loops that run millions of times. Imports nothing of ours."""
