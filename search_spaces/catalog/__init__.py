"""The catalog: every model that can be searched. It imports no torch."""
