"""The verb `verify`: trials run again, and compared with their record."""

from typing import Any

import click

from ..defaults import SEED
from .common import (
    allow_option,
    data_dir_option,
    runs_option,
    say_next,
    storage_option,
)


@click.command()
@click.argument("study", metavar="STUDY[:TRIAL]")
@click.option("--trials", type=int, help="Verify so many trials, drawn at random.")
@click.option("--seed", default=SEED, help="What they are drawn by.")
@data_dir_option
@allow_option
@runs_option
@storage_option
def verify(study: str, trials: int | None, seed: int, **options: Any) -> None:
    """Run a trial again, and see whether it is what it was.

    The exit code is 1 if it is not.

    Example: latentune verify conv-ae-digits:3
    """
    from ..confirming.verify import verify as run
    from ..confirming.verify import verify_some

    name = study.partition(":")[0]
    if trials is None:
        found = [run(study, **options)]
        click.echo(str(found[0]))
    else:
        found = []
        for verified in verify_some(study, trials, seed=seed, **options):
            found.append(verified)
            click.echo(verified.line)
        same = sum(verified.reproduced for verified in found)
        click.echo(f"{same} of {len(found)} reproduced to the last bit")
        for line in dict.fromkeys(line for verified in found for line in verified.why):
            click.echo(f"  {line}")
    reproduced = all(verified.reproduced for verified in found)
    place: dict[str, Any] = {"runs": options["runs"], "storage": options["storage"]}
    say_next(*(["train", study] if reproduced else ["status", name]), **place)
    raise SystemExit(not reproduced)
