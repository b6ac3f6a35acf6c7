"""Says how much of the best value of a search was luck."""

from math import isfinite


def describe_luck(trial: int, luck: float, mean: float, std: float) -> str:
    """Returns a sentence that compares the best value of a search with its mean on new seeds.

    Args:
        trial: Number of the trial with the best value.
        luck: How much better the value was than the mean; negative if it was worse.
        mean: The mean of the same configuration on new seeds; not finite if a training diverged.
        std: The standard deviation over these seeds.
    """
    subject = f"the search's best value, of trial {trial},"
    if not isfinite(mean):
        return f"{subject} was luck: the trial diverges on other seeds"
    if luck == 0:
        return f"{subject} is the same on other seeds"
    amount = f"{100 * abs(luck / mean):.2g} %" if mean else f"{abs(luck):.2g}"
    if std > 0:
        amount += f", {abs(luck) / std:.1f} standard deviations"
    direction = "better" if luck > 0 else "worse"
    return f"{subject} looked {direction} than it is by {amount}"
