"""Defaults that the command line and Python share, in a file that imports nothing."""

RUNS = "runs"
SEED = 0
AUGMENTATIONS = ("none", "crop", "zoom")
PRECISIONS = ("32", "bf16", "16")
PRUNER = "halving"
SAMPLE_SIZE = 10_000
SAMPLING_METHODS = {  # the name in plots of the distribution that latent codes are sampled from
    "prior": "the prior",
    "kde": "a kernel density",
    "pca-kde": "a kernel density of two principal components",
    "gaussian": "a Gaussian",
    "mixture": "a mixture of Gaussians",
    "flow": "a normalizing flow",
}
LIKELIHOOD_SAMPLES = 5000  # codes of an image, as in publications
LIKELIHOOD_ITEMS = 1000  # number of images
TRAVERSED_DIMENSIONS = 20  # of a latent code
MAP_SIZE = 2000  # number of items on a map of latent codes
DASHBOARD_PORT = 8080
EXPORT_FORMATS = ("csv", "json", "parquet")
PRUNERS = ("halving", "hyperband", "median", "wilcoxon", "none")
SAMPLERS = ("tpe", "gp", "random")
TRIALS_PER_WORKER = 8  # a search uses fewer processes if each would run fewer trials
PROBE_LABELS = 100  # number of training items with a label
PROBE_SEEDS = 10  # number of seeds
PROBE_NEIGHBORS = 1  # number of nearest neighbors
SIMILAR_ITEMS = 10  # number of nearest items
ANOMALY_QUANTILE = 0.99  # the share of validation items that are not anomalies
MAX_PRINTED_ROWS = 50  # for a table
MAX_PRINTED_ROWS_BESIDE_FILE = 20  # for a table that is also written to a file
MAX_SEEDS = 1000  # for the trainings of one configuration
CONFIRM_TOP = 5  # number of trials
CONFIRM_SEEDS = 4  # number of seeds
COMPARE_LABEL_COUNTS = (100, 1000, None)  # numbers of labeled items; None means all items
COMPARE_SEEDS = 3  # number of seeds
COMPARE_EPOCHS = 20  # number of epochs
COMPARE_REACH = 0.95  # the accuracy whose first epoch is reported
