"""Figures of results, ready for a paper; matplotlib is imported here and nowhere else."""
