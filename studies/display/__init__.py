"""Output for people: the console, progress bars, printed results and figures."""
