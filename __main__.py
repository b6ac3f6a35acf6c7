"""Runs the command line when Python is called as `python -m latentune`."""

import os
import sys

# Python looks first in the working folder, whose files may be called as any module is.
try:
    first = ("", os.getcwd())
except OSError:  # it is gone
    first = ("",)
if not sys.flags.safe_path and sys.path[0] in first:
    del sys.path[0]

from .studies.cli.app import run_process

run_process()
