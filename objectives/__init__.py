"""The objective of a trial: the data, the training, and the metrics that Optuna optimizes."""
