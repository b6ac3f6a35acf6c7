"""The catalog: every model that can be searched, one file per family. It imports no torch."""
