"""Defaults that the command line and Python share, in a file that imports nothing."""

RUNS = "runs"
SEED = 0
AUGMENTATIONS = ("none", "crop", "zoom")
PRUNER = "halving"
SAMPLE_SIZE = 10_000
SAMPLING_METHODS = {  # the distribution of sampled codes, as titles of figures name it
    "prior": "the prior",
    "kde": "a kernel density",
    "pca-kde": "a kernel density of two principal components",
    "gaussian": "a Gaussian",
    "mixture": "a mixture of Gaussians",
}
MAP_SIZE = 2000  # codes on a map
DASHBOARD_PORT = 8080
EXPORT_FORMATS = ("csv", "json")
PRUNERS = ("halving", "hyperband", "median", "wilcoxon", "none")
SAMPLERS = ("tpe", "gp", "random")
TRIALS_PER_WORKER = 8  # at least, by default
PROBE_LABELS = 100
PROBE_SEEDS = 10
PROBE_NEIGHBORS = 1
ANOMALY_QUANTILE = 0.99  # items with a larger error than this share of the validation part
MAX_PRINTED_ROWS = 50  # of a table
MAX_PRINTED_ROWS_BESIDE_FILE = 20  # of a table that is also written to a file
MAX_SEEDS = 1000  # of one configuration
CONFIRM_TOP = 5  # trials
CONFIRM_SEEDS = 4
COMPARE_LABEL_COUNTS = (100, 1000, None)  # None is all of them
COMPARE_SEEDS = 3
COMPARE_EPOCHS = 20
COMPARE_REACH = 0.95
