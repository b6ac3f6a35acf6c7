"""The verbs that explore the latent space of a trained network."""

from typing import Any

import click

from ..display.result import Result
from ..study.defaults import (
    LIKELIHOOD_ITEMS,
    LIKELIHOOD_SAMPLES,
    MAP_SIZE,
    SAMPLE_SIZE,
    SAMPLING_METHODS,
    SEED,
    TRAVERSED_DIMENSIONS,
)
from ..study.option_text import parse_pair
from .network_verbs import network_command
from .verb_options import Choice, Parsed, data_dir_option


@network_command
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=Choice(SAMPLING_METHODS),
    help="Distribution of latent codes; may be repeated.  [default: all that fit]",
)
@click.option("--class", "class_name", metavar="CLASS|all", help="The class to sample, or each.")
@click.option("--features", metavar="FILE", help="Inception weights, for FIDs as in papers.")
@click.option("--n", default=SAMPLE_SIZE, help="Number of items to sample.")
@click.option("--seed", default=SEED, help="Seed of fits and samples.")
@data_dir_option
def sample(**options: Any) -> Result:
    """Sample new items from the latent space of a trained network.

    Example: latentune sample conv-ae-digits --method kde --n 1000
    """
    from ..use.sample import sample

    return sample(**options)


@network_command
@click.option("--n", default=MAP_SIZE, help="Number of items on the map.")
@click.option(
    "--color",
    metavar="COLUMN|FILE.csv:COLUMN",
    help="What colors the points: a column of the data, or of a file that names the items.",
)
@click.option("--seed", default=SEED, help="Seed of the choice of items, and of t-SNE.")
@data_dir_option
def map_(**options: Any) -> Result:
    """Plot latent codes on a plane by PCA, t-SNE and UMAP.

    Example: latentune map conv-ae-digits --n 1000

    The tables in the same folder name each item. A file with these names can color the items by
    one of its columns: latentune map conv-ae-photos --color hospitals.csv:hospital
    """
    from ..use.map import map

    return map(**options)


@network_command
@click.option(
    "--images",
    type=Parsed(parse_pair),
    metavar="I,J",
    help="Two validation images.  [default: random latent codes and images]",
)
@click.option("--seed", default=SEED, help="Seed of random latent codes and images.")
@data_dir_option
def interpolate(**options: Any) -> Result:
    """Decode the latent codes on the way from one item to another.

    Example: latentune interpolate conv-ae-digits --images 3,14
    """
    from ..use.interpolate import interpolate

    return interpolate(**options)


@network_command
@click.option("--item", type=int, help="A validation item.  [default: the median of all codes]")
@click.option(
    "--dimensions", default=TRAVERSED_DIMENSIONS, help="Number of dimensions of the code, at most."
)
@click.option(
    "--factor",
    "factors",
    multiple=True,
    metavar="COLUMN|FILE.csv:COLUMN",
    help="What is known of the items, to compare dimensions with; may be repeated.",
)
@data_dir_option
def traverse(**options: Any) -> Result:
    """Decode codes in which one dimension at a time is changed.

    Example: latentune traverse conv-vae-digits
    """
    from ..use.traverse import traverse

    return traverse(**options)


@network_command
@click.option(
    "--samples", default=LIKELIHOOD_SAMPLES, help="Number of sampled codes for each image."
)
@click.option("--n", default=LIKELIHOOD_ITEMS, help="Number of test images, at most.")
@click.option("--seed", default=SEED, help="Seed of the choice of images, and of the codes.")
@data_dir_option
def likelihood(**options: Any) -> Result:
    """Estimate the likelihood of test images under a VAE.

    Example: latentune likelihood dense-vae-mnist --samples 5000
    """
    from ..use.likelihood import likelihood

    return likelihood(**options)
