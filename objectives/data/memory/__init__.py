"""Data in memory: arrays, data frames, data sets of PyTorch, and data modules of Lightning."""
