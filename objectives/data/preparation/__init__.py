"""Preparation: splits, folds, duplicates, normalization, augmentation and labels."""
