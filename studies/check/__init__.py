"""Whether a result holds: trials run again, finalists trained on fresh seeds."""
