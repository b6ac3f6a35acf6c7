"""Search spaces: functions that build a model from a trial, and ranges that a user sets."""
