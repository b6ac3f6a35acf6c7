"""Reads and writes the database, the runs folder, best.toml, checkpoints and artifacts."""
