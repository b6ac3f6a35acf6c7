"""Checks results: the functions `confirm`, `verify` and `doctor`."""
