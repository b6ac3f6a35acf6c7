"""Search spaces: functions that build a model from a trial; a user can change their ranges."""
