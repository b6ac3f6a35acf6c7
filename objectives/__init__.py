"""What a trial is worth: the data, the training, and the metrics that Optuna optimizes."""
