"""Preparation of read data: splits, folds, normalization, augmentation and checks of labels."""
