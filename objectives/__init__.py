"""What a trial is worth: the data, the training and the number that Optuna sees."""
