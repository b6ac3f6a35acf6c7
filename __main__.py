"""Lets `python -m latentune` do what `latentune` does."""

from .studies.cli.app import main

main()
