"""Running the trials of a study: planned, one after another or beside each other, to a total."""
