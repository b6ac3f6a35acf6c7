"""The share of a search space whose networks are within the limits of a study."""

from collections.abc import Mapping

from ...models.data_spec import DataSpec
from ...models.types import Space
from ...objectives.network_costs import describe_excess, format_cost, measure_costs
from ...search_spaces.suggestions import build_without_weights, random_trials

N_POINTS = 200


def describe_feasible_share(space: Space, data: DataSpec, limits: Mapping[str, float]) -> str:
    """Returns how many of 200 random points are within limits, and the range of their costs.

    Args:
        space: The search space. Its networks are built without weights.
        data: The description of the data.
        limits: The largest allowed costs that need no weights, by name.

    Example:
        >>> from latentune.search_spaces.autoencoder_spaces import dense_ae
        >>> describe_feasible_share(dense_ae, DataSpec((1, 8, 8)), {"params": 20_000})
        '38 % of 200 random points are within the limits; they have 4,291 to 160,064 params'
    """
    points = [
        measure_costs(limits, build_without_weights(space, trial, data), data)
        for trial in random_trials(N_POINTS)
    ]
    within = sum(not describe_excess(costs, limits) for costs in points)
    ranges = []
    for name in limits:
        least, most = (pick(costs[name] for costs in points) for pick in (min, max))
        ranges.append(f"{least:,.0f} to {format_cost(name, most)}")
    return (
        f"{100 * within / N_POINTS:.0f} % of {N_POINTS} random points are within the limits; "
        f"they have {', '.join(ranges)}"
    )
