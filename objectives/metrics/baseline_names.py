"""The names of the baselines in `metrics.json`, in a file that imports nothing."""

PCA_MSE = "test_mse_pca"
"""Name of the test error of PCA."""
LINEAR_ACCURACY = "test_accuracy_linear"
"""Name of the test accuracy of logistic regression."""
LINEAR_MSE = "test_mse_linear"
"""Name of the test error of linear regression."""
