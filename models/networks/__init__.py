"""Encoders and decoders: plain modules, of which a family is made by name."""
