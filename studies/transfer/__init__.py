"""Exports, imports and merges studies, and reuses trials of one study in another study."""
