"""The catalog of all models that can be searched. It does not import torch."""
