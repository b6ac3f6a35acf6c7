"""Cases of the fuzzer: command lines, and changes of files that Latentune has written."""

from typing import NamedTuple

import click
from hypothesis import strategies as st

from latentune.studies.cli.app import app

from .fuzz_files import ENDLESS, GONE, Bytes, Changed, Entries, File, Lines, Odd, Picture, Rows

AE, HEAD, FRONT, TABLE = "conv-ae-digits", "head-conv-ae-digits", "front", "mlp-wine"
TOML, CHECKPOINT = f"runs/{AE}/best.toml", f"runs/{AE}/final/model.ckpt"


class Case(NamedTuple):
    """A command line, and the files that are in the working folder when it runs."""

    words: tuple[str, ...]
    files: tuple[tuple[str, File], ...] = ()  # one may be put in the place of another
    runs: bool = True  # whether there are studies


HUGE = "9" * 20
NUMBERS = ["", *f"0 1 2 7 -1 {HUGE} -{HUGE} 99999 1.5 nan x 1_0 \uff12".split(), "9" * 5000]
WORDS = f"""- .. . a:b a: : .a:b nan inf [red] %s ~ \u56f3 \udcff $x$ =1+1 {{x}} ../../outside
    /proc/x /dev/null {HUGE} runs redis://h sqlite:///nowhere/x.db sqlite:// x:// 1=2 a=b=c = ,
    CON nul.x \u202e {TOML} {CHECKPOINT} photos x.csv x.npz study.zip *.png""".split()
WORDS += ["", " ", "a\nb", "a\x1b[31mb", "a\rb", "x" * 300, "\u00fc" * 200]
STUDIES = f"{AE} {HEAD} {FRONT} {TABLE} {AE}:1 {AE}:99 {AE}:-1 {AE}: {FRONT}:0 {AE.upper()}"
TRAINED = f"{AE} {HEAD} {TABLE} {CHECKPOINT} {TOML} photos"
RANGES = f"""latent_dim=2:4 latent_dim=2:4:log lr=1e-4:1e-2:log l1=0:1 lr=nan:1 lr=inf x=1
    latent_dim=:: latent_dim=2:4:5:6 latent_dim=1:{HUGE} latent_dim=1.5:2 latent_dim=4:2
    lr=1:1:log lr=-1:1:log lr=1e-3 latent_dim=a|b latent_dim=4 latent_dim=x beta=1:2 l1=nan"""
USUAL = {
    "model": "conv-ae conv-vae mlp head json:dumps x:SPEC broken:SPEC digits",
    "data": "digits mnist wine photos runs",
    "study": STUDIES,
    "source": f"{STUDIES} {TOML} {CHECKPOINT} photos",
    "inputs": "photos photos/a/0.png x.csv - digits *.png",
    "objectives": "mse reconstruction,kl kl elbo,kl , kl,kl",
    "time": f"1h 0s 1e9h {HUGE}h {'9' * 400}h",
    "images": f"3,14 0,0 0,99999 0,{HUGE} 3 \uff13,1 -1,2",
    "labels": f"100 all 10,all 0 1 100,100 {HUGE} , 10,",
    "accelerator": "cpu auto gpu mps tpu",
    "rows": "A4 C7 A1 Z9 a4",
    "storage": "sqlite:///runs/studies.db sqlite:///other.db sqlite:////proc/x.db",
} | dict.fromkeys(("encoder", "encoders", "init_from", "enqueue"), TRAINED)
USUAL |= dict.fromkeys(("range_", "fix"), RANGES)
USUAL |= dict(space="default published", pruner="halving hyperband median none", sampler="tpe gp")
USUAL |= dict(format_="csv json", prefer="knee kl elbo", name=f"a {AE} features search.lock CON")
USUAL |= dict(runs="runs photos others runs/studies.db a?b", out="out.csv photos new/out.csv")
PLACES = ("runs", "out", "storage", "data_dir", "to")  # may lie anywhere if the user says so
# What takes long stays small, or is refused; a dry run may have any number.
TINY = ["--trials", "1", "--epochs", "1", "--workers", "1"]
SMALL = dict.fromkeys(("trials", "epochs", "workers", "seeds", "top"), "1 2")
SMALL["workers"] = "1"
SMALL |= {"n": f"8 50 {HUGE}", "batch_size": f"300 {HUGE}", "methods": "gaussian kde prior"}
SMALL |= {"minutes": "0.001"}
USUAL |= {"archive": "study.zip x.zip", "to": "new.zip study.zip", "against": "photos digits"}
REFUSED = ["", "0", "-1", "1.5", "x"]

photos = tuple((f"photos/{name}/{i}.png", Picture()) for name in "ab" for i in range(6))
words = st.sampled_from(WORDS) | st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8
)


def one_of(text: str) -> st.SearchStrategy[str]:
    """Draws one of the words of a text."""
    return st.sampled_from(text.split())


@st.composite
def commands(draw: st.DrawFn) -> Case:
    """Draws a verb with options and arguments."""
    verb = draw(st.sampled_from(sorted(app.commands)) | st.just("search"))
    params = app.commands[verb].params
    dry = any(param.name == "dry_run" for param in params) and draw(one_of("1 2 3")) != "1"
    line, odd = [verb], draw(st.booleans())
    for param in params:
        line += draw(_given(param, dry, odd))
    if odd:
        line += draw(st.sampled_from([[]] * 5 + [["--farbe"], ["-x"], ["more"], ["--"]]))
    line = [word for word in line if not (word.endswith("..") and verb == "import")]
    broken = b"SPEC = 5"
    files = (*photos, ("broken.py", Bytes(broken)))
    return Case((*line, *(["--dry-run"] if dry else [])), files, draw(one_of("1 2 3 4")) != "1")


@st.composite
def _given(draw: st.DrawFn, param: click.Parameter, dry: bool, odd: bool) -> list[str]:
    """Draws the words of one option or argument, or none; odd ones may be anything."""
    name = str(param.name)
    if name == "dry_run":
        return []
    if name in SMALL and not dry and not isinstance(param, click.Argument):
        return [param.opts[0], draw(one_of(SMALL[name]) | st.sampled_from(REFUSED * odd or ["1"]))]
    if (
        not param.required
        and draw(st.integers(0, 9)) < 9
        and not isinstance(param, click.Argument)
    ):
        return []
    if getattr(param, "is_flag", False):
        return [draw(st.sampled_from([*param.opts, *param.secondary_opts]))]
    chosen = words.filter(lambda word: not (name in PLACES and ".." in word))
    if isinstance(param.type, click.types.IntParamType):
        chosen = st.sampled_from(NUMBERS) | st.integers().map(str) if odd else one_of("1 2 8")
    elif name in USUAL:
        usual = one_of(USUAL[name])
        chosen = st.one_of(usual, usual, chosen) if odd else usual
    value = draw(chosen)
    return [value] if isinstance(param, click.Argument) else [param.opts[0], value]


TYPED = r"""0 -1 1.5 nan -inf true "" "x" [] {} [[1],{a=2}] 1979-05-27 0b1 x "\u0000" 1e999
    "../../outside" "/proc/x" "a:b" "json:dumps" "a/b" """
LONG = ["", HUGE, "9" * 5000, f"0x{'f' * 5000}", "[" * 500 + "]" * 500, f'"{"x" * 5000}"']
LINES = ["", "NAME", "[recipe]", "[params]", "a" + ".a" * 900 + " = 1", "NAME" + ".a" * 60 + "=1"]
lines = st.sampled_from([f"NAME = {v}" for v in [*TYPED.split(), *LONG]] + LINES) | st.text(
    max_size=20
)
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
values = st.one_of(
    st.sampled_from([GONE, ENDLESS, 10**20, 10**400, "x" * 5000, "../../outside", "a:b", "a/b"]),
    plain,
    st.recursive(
        plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
    ),
)
places = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(tuple)
changes = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=5)
entries = st.builds(
    Entries, st.lists(st.tuples(places, values), min_size=1, max_size=3).map(tuple)
)
ruins = st.one_of(
    st.builds(Bytes, st.binary(max_size=200)),
    st.builds(Changed, changes.map(tuple), st.none() | st.integers(0, 2**20)),
    st.builds(Odd, st.sampled_from(["pipe", "folder", "itself", "gone", "..", "/dev/zero"])),
)
configurations = st.one_of(
    entries,
    st.builds(
        Lines,
        st.lists(st.tuples(st.integers(0, 99), lines), min_size=1, max_size=4).map(tuple),
        one_of("utf-8 utf-8 utf-16 latin-1"),
    ),
    ruins,
)


@st.composite
def written(draw: st.DrawFn) -> Case:
    """Draws a changed configuration or checkpoint, and a command that reads it."""
    study = draw(st.sampled_from([AE, AE, HEAD, TABLE]))
    path = f"runs/{study}/{draw(one_of('best.toml final/model.ckpt'))}"
    file = draw(configurations if path.endswith("toml") else entries | ruins)
    source = draw(st.sampled_from([path, study]))
    uses = f"""train {source} --epochs 1|train {study} --epochs 1 --init-from {source}
        sample {source} --n 8 --method kde|map {source} --n 8|best {study}|status {study}
        interpolate {source}|predict {source} digits|encode {source} photos|status
        search conv-ae digits --name other --enqueue {source} --dry-run
        search head digits --name other --encoder {source} --dry-run
        search head digits --name other --encoder {source} {" ".join(TINY)} --unfreeze
        compare digits --encoder {source} --labels 50 --seeds 1 --epochs 1"""
    line = draw(st.sampled_from(uses.replace("\n", "|").split("|")))
    return Case(tuple(line.split()), ((path, file), *photos))


ATTRIBUTES = ["study_user_attributes", "trial_user_attributes"]


@st.composite
def databases(draw: st.DrawFn) -> Case:
    """Draws a database with changed attributes of studies and trials."""
    cells = st.tuples(
        st.sampled_from(ATTRIBUTES),
        st.just("value_json"),
        st.integers(0, 99),
        values.filter(lambda value: value not in (GONE, ENDLESS)),
    )
    names = st.tuples(st.just("studies"), st.just("study_name"), st.integers(0, 3), words)
    chosen = draw(st.lists(st.one_of(cells, cells, cells, names), min_size=1, max_size=3))
    study = draw(st.sampled_from([AE, HEAD, FRONT]))
    uses = f"""status|status {study}|best {study}|best {study}:0|best {FRONT} --prefer knee
        export {study} --format json|export {study}|train {study} --epochs 1
        search conv-ae digits --trials 3 --epochs 1 --batch-size 300 --workers 1"""
    line = draw(st.sampled_from(uses.replace("\n", "|").split("|")))
    return Case(tuple(line.split()), (("runs/studies.db", Rows(tuple(chosen))),))
