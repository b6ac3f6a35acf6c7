"""Where things live: the database, the run folders, best.toml, checkpoints and artifacts."""
