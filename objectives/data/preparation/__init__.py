"""Preparation: splits, folds, duplicates, normalization, augmentation and checks of labels."""
