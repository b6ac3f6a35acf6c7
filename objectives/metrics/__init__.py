"""Metrics that a model does not compute itself, and baselines to compare metrics with."""
