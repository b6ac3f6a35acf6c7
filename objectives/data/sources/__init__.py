"""Sources: readers of built-in data, files and folders."""
