"""Plots: each function draws one figure and writes it to a file."""
