"""A file a source: what a name, a file or a folder holds, read as parts."""
