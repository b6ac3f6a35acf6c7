"""The verb `similar`: nearest items by latent codes, near-duplicates, and doubtful labels."""

from collections.abc import Sequence
from pathlib import Path

from ...objectives.data.new_items.read_new_items import read_other_data
from ...storage.folder_replacement import replace_folder
from ...storage.spreadsheet_csv import write_csv
from ..display.plots.contact_sheet import plot_contact_sheet
from ..study.defaults import RUNS, SIMILAR_ITEMS
from ..study.kept_data import Data
from ..study.public_api import public_api
from ..study.study_error import StudyError, check_at_least
from .coded_items import CodedItems
from .doubtful_labels import find_doubtful_labels
from .inference import Inputs, read_inputs
from .near_duplicates import find_duplicates
from .nearest_items import find_nearest, take_test_items
from .similar_items import TABLE, SimilarItems
from .trained_network import load_trained_network


@public_api
def similar(
    source: str | Path,
    inputs: Inputs | None = None,
    *,
    items: Sequence[int] = (),
    k: int | None = None,
    among: Data | None = None,
    duplicates: bool = False,
    labels: bool = False,
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
) -> SimilarItems:
    """Finds similar items by the distances of their latent codes.

    There are three questions: which items are nearest to some items, which pairs of items are
    nearly the same, and which labels do the neighbors of their items contradict.

    Args:
        source: A network that `train` has saved: `STUDY`, `STUDY:17` or path of a model.ckpt.
        inputs: Items whose neighbors are wanted: one input or several; see `predict`.
        items: Numbers, from 0, of items of the test part whose neighbors are wanted.
        k: Number of neighbors of each item, at least 1. If None, it is 10.
        among: The items among which neighbors are searched: a folder, a file, an array or a data
            frame, or a built-in data set, of which the training part is used, or a random sample
            of 10,000 items of it. If None, the training part of the study.
        duplicates: Whether to list pairs of items whose codes are nearly the same, of all three
            parts. Pairs across parts come first.
        labels: Whether to list items whose label contradicts those of their 20 nearest neighbors
            in all three parts, the likeliest errors first. An item is not its own neighbor, so
            that its label has no vote.
        data_dir: Folder of torchvision data; None for the one that the search used.
        runs: The folder with all studies.

    Raises:
        DataError: If an input is missing or does not fit, no input can be read, or the data have
            no labels to check.
        StudyError: If the model has no `encode`, an option is out of range, or not exactly one
            question is asked.
        StorageError: If the network has not been trained yet, or a file cannot be written.

    References:
        Identifying Mislabeled Training Data (Brodley, Friedl, 1999)

    Example:
        >>> found = latentune.similar("conv-ae-digits", items=[3], k=2)
        >>> found.table["rank"].tolist()
        [1, 2]
    """
    if (inputs is not None) + (len(items) > 0) + duplicates + labels != 1:
        raise StudyError(
            "name items by an input or by `items=`, or ask for `duplicates=` or `labels=`: one of "
            "these"
        )
    if (duplicates or labels) and (k is not None or among is not None):
        raise StudyError("`k=` and `among=` are for the neighbors of given items: leave them out")
    k = SIMILAR_ITEMS if k is None else k
    check_at_least("k", k, 1)
    network = load_trained_network(source, runs, data_dir)
    unreadable: dict[str, str] = {}
    if duplicates:
        name, found = "duplicates", find_duplicates(network)
    elif labels:
        name, found = "doubtful-labels", find_doubtful_labels(network)
    else:
        others = None
        if among is not None:
            others = CodedItems.of_new(
                network, read_other_data(among, network.tensor_data, "train")
            )
            unreadable |= others.unreadable
        n = len(network.part("train")) if others is None else len(others.codes)
        if k > n:
            raise StudyError(
                f"`k=` must be at most {n:,}, the number of items to choose from, not {k}"
            )
        if inputs is None:
            given = take_test_items(network, items)
        else:
            given = CodedItems.of_new(network, read_inputs(network, inputs))
        unreadable |= given.unreadable
        name, found = "similar", find_nearest(network, given, others, k)
    result = SimilarItems(
        network.folder / name, found.table, found.notes, unreadable, tuple(found.printed)
    )
    with replace_folder(result.folder, network.runs) as folder:
        write_csv(found.table, folder / TABLE)
        if found.sheet:
            plot_contact_sheet(found.sheet, found.title, folder / "images.png")
    return result
