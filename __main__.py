"""Lets `python -m latentune` do what `latentune` does."""

from .studies.cli import main

main()
