"""Densities of the codes of a trained network, from which new codes are sampled."""
