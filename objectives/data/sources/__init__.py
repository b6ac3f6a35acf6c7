"""Sources of data: readers of built-in data sets, files and folders."""
