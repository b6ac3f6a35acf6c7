"""Moves studies: exports, imports and merges them, and reuses their trials."""
