"""The console and the figures."""
