"""Reproducing: the systems that others have published, run again, and a table of both."""
