"""Densities of latent codes, from which new codes are sampled."""
