"""What may vary: functions that build a model from a trial, and the ranges in them."""
