"""Studies on their way: into a file, out of one, and into each other."""
