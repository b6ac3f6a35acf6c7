"""Studies: creating, running, finding and using them; and the command line."""
