"""Checks results: trains finalists on new seeds, runs trials again, finds broken files."""
