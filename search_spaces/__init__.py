"""What a search varies: functions that build a model from a trial, and ranges of a user."""
