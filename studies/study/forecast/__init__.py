"""Forecast: what more trials of a study would bring, and how long they would take."""
