"""Densities over the codes of a trained network, which new codes are drawn from."""
