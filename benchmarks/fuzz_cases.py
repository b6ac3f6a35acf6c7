"""What the fuzzer tries: random command lines, broken files and odd folders of images.

Each function makes one case in the working folder, and returns the words of its command line.
"""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from random import Random

import click
import torch
from PIL import Image

from latentune.studies.cli.app import app

AE, HEAD, FRONT = "conv-ae-digits", "head-conv-ae-digits", "front"
TOML, CHECKPOINT = f"runs/{AE}/best.toml", f"runs/{AE}/final/model.ckpt"
HUGE = "9" * 20
NUMBERS = ["", *f"0 1 2 7 -1 {HUGE} -{HUGE} 99999 1.5 nan x 1_0 \uff12".split()]
WORDS = f"""- .. . a:b a: : nan inf [red] %s ~ \u56f3 \udcff ../../outside /proc/x /dev/null {HUGE}
    runs redis://h sqlite:///nowhere/x.db sqlite:// x:// 1=2 a=b=c = , {TOML}""".split()
WORDS += ["", " ", "a\nb", "x" * 300, "\u00fc" * 200]
STUDIES = f"{AE} {HEAD} {FRONT} {AE}:1 {AE}:99 {AE}:-1 {AE}: {FRONT}:0"
TRAINED = f"{AE} {HEAD} {CHECKPOINT} {TOML} photos"
RANGES = f"""latent_dim=2:4 latent_dim=2:4:log lr=1e-4:1e-2:log l1=0:1 lr=nan:1 lr=inf x=1
    latent_dim=:: latent_dim=2:4:5:6 latent_dim=1:{HUGE} latent_dim=1.5:2 latent_dim=4:2
    lr=1:1:log lr=-1:1:log lr=1e-3 latent_dim=a|b latent_dim=4 latent_dim=x beta=1:2 l1=nan"""
USUAL = {
    "model": "conv-ae conv-vae dense-vae head json:dumps x:SPEC broken:SPEC",
    "data": "digits mnist photos runs",
    "study": STUDIES,
    "source": f"{STUDIES} {TOML} {CHECKPOINT} photos",
    "objectives": "mse reconstruction,kl kl elbo,kl , kl,kl",
    "time": f"1h 0s 1e9h {HUGE}h {'9' * 400}h",
    "images": f"3,14 0,0 0,99999 0,{HUGE} 3 \uff13,1 -1,2",
    "labels": f"100 all 10,all 0 1 100,100 {HUGE} , 10,",
    "accelerator": "cpu auto gpu mps tpu",
    "storage": "sqlite:///runs/studies.db sqlite:///other.db sqlite:////proc/x.db",
} | dict.fromkeys(("encoder", "encoders", "init_from", "enqueue"), TRAINED)
USUAL |= dict.fromkeys(("range_", "fix"), RANGES)
USUAL |= dict(space="default seed", pruner="halving hyperband median none", sampler="tpe gp")
USUAL |= dict(format_="csv json", prefer="knee kl elbo", name=f"a {AE} features search.lock")
USUAL |= dict(runs="runs photos others runs/studies.db", out="out.csv photos new/out.csv /proc/x")
PLACES = ("runs", "out", "storage", "data_dir")  # may lie anywhere if the user says so
# What takes long stays small, or is refused; a dry run may have any number.
TINY = "--trials 1 --epochs 1 --workers 1"
SMALL = dict.fromkeys(("trials", "epochs", "workers", "seeds"), "1")
SMALL |= {"n": f"8 50 {HUGE}", "batch_size": f"300 {HUGE}", "methods": "gaussian kde prior"}
REFUSED = ["", "0", "-1", "1.5", "x"]


def commands(rng: Random) -> list[str]:
    """Makes a command line of a random verb and random options."""
    _pictures(rng, Path("photos"), 12)
    Path("broken.py").write_text(rng.choice(["import nothing_of_this_name", "1 +", "SPEC = 5"]))
    words = [rng.choice([*app.commands, "search", "search"])]
    params = app.commands[words[0]].params
    dry = rng.random() < 0.8 and any(param.name == "dry_run" for param in params)
    for param in rng.sample(params, len(params)):
        if isinstance(param, click.Argument):
            words += [_value(rng, param)] if rng.random() < 0.95 else []
        elif param.name in SMALL and not dry:
            small = SMALL[param.name].split()
            words += [param.opts[0], rng.choice(small if rng.random() < 0.9 else REFUSED)]
        elif rng.random() < 0.2 and param.name != "dry_run":
            words.append(rng.choice([*param.opts, *param.secondary_opts]))
            words += [] if getattr(param, "is_flag", False) else [_value(rng, param)]
    words += [rng.choice(["--colour", "-x", "more", "--"])] if rng.random() < 0.05 else []
    return [*words, "--dry-run"] if dry else words


def _value(rng: Random, param: click.Parameter) -> str:
    if isinstance(param.type, click.types.IntParamType):
        return rng.choice(NUMBERS)
    if param.name in USUAL and rng.random() < 0.8:
        return rng.choice(USUAL[param.name].split())
    return rng.choice([w for w in WORDS if not (param.name in PLACES and ".." in w)])


TYPED = r"""0 -1 1.5 nan -inf true "" "x" [] {} [[1],{a=2}] 1979-05-27 0b1 x "\u0000"
    "../../outside" "/proc/x" "a:b" "json:dumps" """
TYPED_VALUES = [*TYPED.split(), "", HUGE, "[" * 500 + "]" * 500, f'"{"x" * 5000}"']
VALUES = [None, 0, -1, 10**20, float("nan"), "", "x" * 5000, "../../outside", [], {}, [{"a": 2}]]


def files(rng: Random) -> list[str]:
    """Changes a configuration or a checkpoint, and makes a command line that reads it."""
    study = rng.choice([AE, AE, HEAD])
    path = Path("runs") / study / rng.choice(["best.toml", "final/model.ckpt"])
    change = _change_lines if path.suffix == ".toml" else _change_entries
    rng.choice([change, change, _ruin])(rng, path)
    source = rng.choice([str(path), study])
    uses = f"""train {source} --epochs 1|train {study} --epochs 1 --init-from {source}
        sample {source} --n 8 --method kde|map {source} --n 8|best {study}|status {study}
        interpolate {source}
        search conv-ae digits --name other --enqueue {source} {TINY}
        search head digits --name other --encoder {source} {TINY}
        search head digits --name other --encoder {source} {TINY} --unfreeze
        compare digits --encoder {source} --labels 50 --seeds 1 --epochs 1"""
    return rng.choice(uses.replace("\n", "|").split("|")).split()


def _ruin(rng: Random, path: Path) -> None:
    """Puts something else in the place of a file."""
    old = path.read_bytes()
    path.unlink()
    contents = [b"", b"text", rng.randbytes(500), pickle.dumps({"a": Path("x")})]
    contents += [old[: rng.randrange(len(old))], old[:40] + rng.randbytes(4) + old[44:]]
    changes: list[Callable[[], object]] = [
        lambda: path.write_bytes(rng.choice(contents)),
        lambda: path.symlink_to(rng.choice([path.name, "gone", "..", "/dev/zero"])),
        lambda: os.mkfifo(path),
        path.mkdir,
    ]
    rng.choices(changes, weights=[7, 1, 1, 1])[0]()


def _change_lines(rng: Random, path: Path) -> None:
    lines = path.read_text().splitlines()
    for _ in range(rng.choice([1, 1, 2, 5])):
        line = rng.randrange(len(lines))
        name = lines[line].partition("=")[0]
        values = [[f"{name} = {value}"] for value in rng.sample(TYPED_VALUES, 9)]
        lines[line : line + 1] = rng.choice([[], [lines[line]] * 2, [rng.choice(lines)], *values])
    path.write_text("\n".join(lines), encoding=rng.choice(["utf-8", "utf-8", "utf-16"]))


def _change_entries(rng: Random, path: Path) -> None:
    checkpoint = inner = torch.load(path, weights_only=True, map_location="cpu")
    while rng.random() < 0.7:
        tables = [value for value in inner.values() if isinstance(value, dict) and value]
        inner = rng.choice(tables or [inner])
    name = rng.choice(list(inner))
    if isinstance(inner[name], torch.Tensor) and rng.random() < 0.5:
        inner[name] = rng.choice([inner[name] * float("nan"), inner[name] * 100, torch.zeros(0)])
    elif rng.random() < 0.6:
        inner[name] = rng.choice(VALUES)
    else:
        del inner[name]
    torch.save(checkpoint, path)


PARTS = [".", ".", "train,test", "train,val,test", "Train,TEST", "training,validation", "val"]
CLASSES = [".", ".", "a,b", "a,b,c", "\u56f3,\u00e9", "only", "a,a/b", "[red],%s"]
SIZES = [(8, 8), (8, 8), (28, 28), (1, 1), (1, 40), (200, 50), (64, 65)]
FORMS = """L-jpeg RGB-jpeg CMYK-jpeg 1-png L-png LA-png P-png RGB-png RGBA-png I;16-png
    I-tiff F-tiff PA-tiff LA-tiff CMYK-tiff"""


def folders(rng: Random) -> list[str]:
    """Makes a folder of images and a command line that reads it."""
    size, forms = rng.choice([*SIZES, None]), rng.choice(["L-png", "RGB-jpeg", FORMS])
    classes = rng.choice(CLASSES)
    for part in rng.choice(PARTS).split(","):
        for name in (classes if rng.random() < 0.9 else rng.choice(CLASSES)).split(","):
            folder = Path("photos") / part / name
            _pictures(rng, folder, rng.choice([1, 3, 8, 16]), size, forms)
            if rng.random() < 0.2:
                _odd_file(rng, folder)
    model = rng.choice(["conv-ae", "conv-ae", "conv-vae", "dense-vae", f"head --encoder {AE}"])
    side = f"--image-size={rng.choice(['8', '32', *NUMBERS])}" if rng.random() < 0.2 else ""
    dry = "--dry-run" if rng.random() < 0.7 else ""
    search = f"search {model} photos {TINY} {side} {dry}"
    compare = f"compare photos --epochs 1 --seeds 1 --labels 3,all --encoder {AE}"
    return rng.choice([search] * 9 + [compare]).split()


def _pictures(
    rng: Random, folder: Path, n: int, size: tuple[int, int] | None = (8, 8), forms: str = "L-png"
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        mode, form = rng.choice(forms.split()).split("-")
        exif = Image.Exif()
        exif[0x0112] = rng.randrange(10)  # the orientation, of which 1 to 8 have a meaning
        more = {"transparency": rng.randbytes(9)} if mode == "P" else {}
        image = Image.new(mode, size or rng.choice(SIZES), rng.randrange(256))
        image.save(folder / f"{i}.{rng.choice([form, 'png', 'JPG'])}", form, exif=exif, **more)


def _odd_file(rng: Random, folder: Path) -> None:
    """Adds something that is no sound image, as folders of images have them."""
    path = folder / rng.choice(["odd.png", "odd.JPG", "._1.png", "odd.gif", "odd.svg", "odd.txt"])
    hidden = folder / rng.choice([".ipynb_checkpoints", ".git", "__MACOSX", "odd.png"])
    match rng.randrange(5):
        case 0:
            _pictures(rng, hidden, rng.choice([0, 1, 12]))
        case 1:
            side = rng.choice([10_000, 100_000])
            path.write_bytes(f"P5 {side} {side} 255\n".encode())  # a header, and no image
        case _:
            Image.effect_noise((30, 30), 50).save(path, "png")
            _ruin(rng, path)
