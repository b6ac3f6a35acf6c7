"""Data: `sources` reads it, `preparation` splits it, `new_items` prepares input of predictions."""
