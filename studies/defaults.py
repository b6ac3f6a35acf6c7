"""Defaults that the command line shows and Python shares; nothing is imported to read them."""

RUNS = "runs"
SEED = 0
SPACE = "default"
PRUNER = "halving"
SAMPLER = "tpe"
WORKERS = 1  # of a script; the command line looks at the machine
FINAL_EPOCHS = 100
SAMPLES = 10_000
MAPPED = 2000  # codes on a map
PORT = 8080
TRIALS_PER_WORKER = 8  # at least, where the number of workers is not given
COMPARE_LABELS = (100, 1000, None)  # None is all of them
COMPARE_SEEDS = 3
COMPARE_EPOCHS = 20
