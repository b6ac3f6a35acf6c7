"""Runs the same study by four searches, each for the same time, and prints what they find.

The study is the convolutional autoencoder in its published ranges on Fashion-MNIST, 10 epochs a
trial. A value counts as soon as a trial has trained all epochs; it is the validation error after
the last one. The time begins with the start of the process, so imports count.

- notebook: `benchmarks/notebook.py`, one trial after another in batches of 300.
- Ray Tune: OptunaSearch and ASHA, two trials at once on one thread each, in batches of 64, which
  share tensors in memory.
- Latentune with two workers, whose first trial is sampled, or has the model's defaults.

    pip install "ray[tune]"
    LATENTUNE_DATA=FOLDER python -W ignore -m benchmarks.peers --seconds 180 --seeds 3
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

import psutil

EPOCHS = 10
TRIALS = 1000  # more than there is time for
BATCH_SIZE = 64  # of Ray Tune, as Latentune has it
SHARES = (1 / 6, 1 / 3, 2 / 3, 1)  # of the time, after which the best value is printed
SECONDS_TO_STOP = 20

Report = Callable[[float], None]


def notebook(seed: int, scratch: Path, report: Report) -> None:
    import optuna

    from .notebook import objective

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(
        partial(objective, epochs=EPOCHS, seed=seed),
        n_trials=TRIALS,
        callbacks=[lambda study, trial: report(trial.value)],
    )


def latentune(seed: int, scratch: Path, report: Report, default_first: bool) -> None:
    import latentune

    def report_complete(study: object, trial: Any) -> None:
        if EPOCHS in trial.intermediate_values:
            report(trial.intermediate_values[EPOCHS])

    latentune.search(
        "conv-ae",
        "fashion-mnist",
        space="published",
        epochs=EPOCHS,
        trials=TRIALS,
        workers=2,
        seed=seed,
        default_first=default_first,
        runs=scratch,
        callbacks=[report_complete],
    )


def ray_tune(seed: int, scratch: Path, report: Report) -> None:
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.optuna import OptunaSearch

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _temp_dir=str(scratch))
    tensors = [ray.put(images) for images in images_in_memory(seed)]
    tuner = tune.Tuner(
        tune.with_parameters(train_for_ray, tensors=tensors, report=report),
        param_space={
            "latent_dim": tune.lograndint(2, 13),
            "lr": tune.loguniform(1e-5, 1e-3),
            "l1": tune.loguniform(1e-6, 1e-3),
            "l2": tune.loguniform(1e-6, 1e-3),
        },
        tune_config=tune.TuneConfig(
            metric="val_mse",
            mode="min",
            search_alg=OptunaSearch(seed=seed),
            scheduler=ASHAScheduler(max_t=EPOCHS, grace_period=1),
            num_samples=TRIALS,
            max_concurrent_trials=2,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(storage_path=str(scratch / "results"), verbose=0),
    )
    tuner.fit()


def images_in_memory(seed: int) -> Iterator[Any]:
    """Yields the training and the validation images of the notebook as arrays of floats."""
    from .notebook import loaders

    for loader in loaders(seed):
        part: Any = loader.dataset
        yield part.dataset.data[part.indices].unsqueeze(1).div(255).numpy()


def train_for_ray(config: Mapping[str, Any], tensors: list[Any], report: Report) -> None:
    """Trains the notebook's network in a plain loop, as the trainable function of Ray Tune."""
    import ray
    import torch
    from ray import tune

    from .notebook import Autoencoder

    torch.set_num_threads(1)
    train, val = (torch.from_numpy(images) for images in ray.get(tensors))
    model = Autoencoder(**config)
    optimizer = model.configure_optimizers()
    mse = torch.nn.functional.mse_loss
    for epoch in range(1, EPOCHS + 1):
        model.train()
        for indices in torch.randperm(len(train)).split(BATCH_SIZE):
            x = train[indices]
            penalty = sum(weights.abs().sum() for weights in model.parameters())
            loss = mse(model(x), x) + config["l1"] * penalty
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            squares = sum(mse(model(x), x, reduction="sum").item() for x in val.split(1000))
        value = squares / val.numel()
        if epoch == EPOCHS:
            report(value)
        tune.report({"val_mse": value})


CONTENDERS: dict[str, Callable[[int, Path, Report], None]] = {
    "notebook": notebook,
    "Ray Tune": ray_tune,
    "Latentune, no defaults": partial(latentune, default_first=False),
    "Latentune": partial(latentune, default_first=True),
}


def write_value(path: Path, value: float) -> None:
    """Appends a complete value and the time of day to a file of JSON lines."""
    with path.open("a") as file:
        file.write(json.dumps([time.time(), value]) + "\n")


def measure(name: str, seed: int, seconds: float) -> tuple[list[tuple[float, float]], str]:
    """Runs a search for some seconds.

    Returns:
        The seconds and the value of each complete trial; and if the search ended earlier, the last
        line that it wrote.
    """
    with tempfile.TemporaryDirectory(prefix="peers", ignore_cleanup_errors=True) as folder:
        log, values = Path(folder, "log"), Path(folder, "values")
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.peers", "--run", name]
        command += ["--seed", str(seed), "--scratch", folder]
        threads = {name: n for name, n in os.environ.items() if name != "OMP_NUM_THREADS"}
        with log.open("w") as output:
            started = time.time()
            process = subprocess.Popen(command, stdout=output, stderr=output, env=threads)
            try:
                process.wait(seconds)
                error = (log.read_text().splitlines() or ["no message"])[-1]
            except subprocess.TimeoutExpired:
                error = ""
            finally:
                stop(process)
        lines = values.read_text().splitlines() if values.exists() else []
    found = [(at - started, value) for at, value in map(json.loads, lines)]
    return [(at, value) for at, value in found if at <= seconds], error


def stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupts a search as Ctrl-C does, and then kills what is left of it."""
    if process.poll() is None:
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for member in family:
            if member.is_running():
                member.kill()
        psutil.wait_procs(family, timeout=SECONDS_TO_STOP)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--run", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        report = partial(write_value, options.scratch / "values")
        CONTENDERS[options.run](options.seed, options.scratch, report)
        return
    marks = [share * options.seconds for share in SHARES]
    head = "".join(f"{mark:>8.0f} s" for mark in marks)
    print(f"seed  {'best complete value after':<26}{head}  complete trials", flush=True)
    best: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for seed in range(options.seeds):
        for name in CONTENDERS:
            found, error = measure(name, seed, options.seconds)
            row = [min((v for at, v in found if at <= mark), default=inf) for mark in marks]
            best[name].append(row[-1])
            cells = "".join(f"{value:>10.4f}" if value < inf else f"{'-':>10}" for value in row)
            print(f"{seed:>4}  {name:<26}{cells}{len(found):>8}  {error}", flush=True)
        last = {name: values[-1] for name, values in best.items()}
        winner = min(last, key=lambda name: last[name])
        print(
            f"{seed:>4}  best: {winner if last[winner] < inf else 'no complete trial'}", flush=True
        )
    for name, values in best.items():
        wins = sum(mine < peer for mine, peer in zip(values, best["Ray Tune"], strict=True))
        against = f"better than Ray Tune with {wins} of {options.seeds} seeds"
        print(f"median  {name:<24}{median(values):>10.4f}  {against}", flush=True)


if __name__ == "__main__":
    main()
