"""Defines studies: reads a user's options, builds the study from them, and looks studies up."""
