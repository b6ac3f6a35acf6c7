"""What the fuzzer tries as data: folders of images, tables, arrays, texts and zips."""

from hypothesis import strategies as st

from latentune.studies.cli.app import app

from .fuzz_cases import AE, CHECKPOINT, HEAD, TABLE, TINY, Case, changes, one_of, ruins
from .fuzz_files import Array, Bytes, File, Picture, Zip

PARTS = [".", ".", "train,test", "train,val,test", "Train,TEST", "training,validation", "val"]
CLASSES = [".", ".", "a,b", "a,b,c", "\u56f3,\u00e9", "only", "a,a/b", "[red],%s", "$\\frac$,a\rb"]
CLASSES += ["\udcff,a", "e\u0301,\u00e9", "\x1b[2J,b", "=1+1,\u202eb"]
SIZES = [(8, 8), (8, 8), (28, 28), (1, 1), (1, 40), (200, 50), (64, 65)]
FORMS = """L-png L-jpeg RGB-jpeg CMYK-jpeg 1-png LA-png P-png RGB-png RGBA-png I;16-png RGB-gif
    I-tiff F-tiff PA-tiff LA-tiff CMYK-tiff RGB-bmp RGB-webp RGB-pdf RGB-eps L-ppm"""
BOMB = Bytes(b"P5 100000 100000 255\n")  # a header, and no image
SIDES = st.sampled_from([[]] * 6 + [[f"--image-size={n}"] for n in ("8", "32", "0", "x", "99999")])


@st.composite
def folders(draw: st.DrawFn) -> Case:
    """Draws a folder of images, and a command that reads it."""
    files: list[tuple[str, File]] = []
    same = draw(st.sampled_from(SIZES) | st.none())
    forms = draw(st.sampled_from(["L-png", "RGB-jpeg", FORMS]))
    for part in draw(st.sampled_from(PARTS)).split(","):
        for name in draw(st.sampled_from(CLASSES)).split(","):
            folder = f"photos/{part}/{name}"
            for number in range(draw(st.sampled_from([16, 12, 8, 1]))):
                mode, form = draw(one_of(forms)).split("-")
                suffix = draw(st.sampled_from([form, "png", "JPG"]))
                made = Picture(
                    *(mode, form, same or draw(st.sampled_from(SIZES))),
                    orientation=draw(st.integers(0, 9)),
                )
                files.append((f"{folder}/{number}.{suffix}", made))
            if draw(st.integers(0, 4)) == 4:
                odd = draw(one_of("odd.png odd.JPG ._1.png odd.gif odd.svg odd.txt .git/1.png"))
                damaged = draw(ruins | st.sampled_from([BOMB, Picture()]))
                files += [(f"{folder}/{odd}", Picture()), (f"{folder}/{odd}", damaged)]
    model = draw(st.sampled_from([["conv-ae"], ["cnn"], ["head", "--encoder", AE], []]))
    uses = [["search", *model, "photos", *TINY, *draw(SIDES), "--dry-run"]] * 4
    uses += [["show", "photos"], ["predict", HEAD, "photos"], ["encode", AE, "photos"]]
    uses += [["search", "conv-ae", "photos", *TINY, *draw(SIDES)]]
    return Case(tuple(draw(st.sampled_from(uses))), tuple(files), runs=draw(st.booleans()))


NAMES = [
    "x",
    "y",
    "class",
    "",
    " ",
    "id",
    "text",
    "path",
    "x",
    "$x$",
    "a\x1b[31m",
    "1.5",
    "=1",
    "\u56f3",
]
CELLS = [
    "",
    "0",
    "1.5",
    "-1e400",
    "nan",
    "?",
    "a",
    "b",
    "\u00e9",
    '"',
    '"a,b"',
    "true",
    "1e5",
    "0,5",
]
CELLS += ["9" * 400, "x" * 300, "\x1b[2J", "=cmd|1", "a/0.png", "\x00"]
cells = st.sampled_from(CELLS) | st.integers(-9, 9).map(str) | st.text(max_size=4)


@st.composite
def tables(draw: st.DrawFn) -> Case:
    """Draws a table, or another text in its place, and a command that reads it."""
    odd = draw(st.integers(0, 2)) == 2
    names = st.sampled_from(NAMES if odd else ["x", "y", "z", "class", "text"])
    head = draw(st.lists(names, min_size=1, max_size=5, unique=not odd))
    ways = {"number": st.floats(-9, 9).map(str), "class": one_of("a b"), "any": cells}
    kinds = [draw(st.sampled_from([*["number", "class"] * 5, *(["any"] * odd)])) for _ in head]
    rows = [head]
    for _ in range(draw(st.sampled_from([40, 40, 40, 10, 9, 0]))):
        rows.append([draw(ways[kind]) for kind in kinds])
    for _ in range(draw(st.sampled_from([0, 1, 3])) if odd else 0):
        at = draw(st.integers(0, len(rows) - 1))
        rows[at] = draw(st.lists(cells, max_size=len(head) + 2))
    separator = draw(st.sampled_from(",,,;\t|" if odd else ",;"))
    text = "\n".join(separator.join(row) for row in rows)
    encoding = draw(one_of("utf-8 utf-8-sig latin-1 utf-16" if odd else "utf-8"))
    data = Bytes(text.encode(encoding, errors="replace"))
    files = [("photos/a/0.png", Picture()), ("x.csv", data), ("x.csv", draw(ruins))]
    files = files[: draw(st.sampled_from([2] * 9 + [3]))]
    target = draw(st.sampled_from([[], [], [], ["--target", "y"], ["--target", "class"]]))
    model = draw(one_of("mlp mlp-regression name-rnn dense-ae logistic-regression conv-ae"))
    uses = [["search", model, "x.csv", *TINY, *target, "--dry-run"]] * 3
    uses += [["search", "x.csv", *TINY, "--dry-run"], ["show", "x.csv", *target]]
    uses += [["search", model, "x.csv", *TINY, *target], ["predict", TABLE, "x.csv"]]
    uses += [["predict", AE, "x.csv"], ["compare", "x.csv", "--encoder", AE, "--epochs", "1"]]
    return Case(tuple(draw(st.sampled_from(uses))), tuple(files))


TYPES = "uint8 float32 float64 int64 bool uint16 complex64 U3 object M8[s] >f4"


@st.composite
def arrays(draw: st.DrawFn) -> Case:
    """Draws one or several arrays in a file, and a command that reads it."""
    made = {}
    usual = [["x"], ["x", "y"], ["x_train", "y_train", "x_test", "y_test"], ["images", "labels"]]
    any_names = st.lists(one_of("x y x_train x_val y_val labels z"), max_size=4)
    same = draw(st.sampled_from([(20, 8, 8), (20, 1, 8, 8), (20, 13), (20, 8, 8, 3), (9, 8, 8)]))
    for name in draw(st.one_of(st.sampled_from(usual), st.sampled_from(usual), any_names)):
        odd = st.lists(st.sampled_from([0, 1, 2, 3, 12]), max_size=5).map(tuple)
        shape = (20,) if name[0] in "yl" else same
        shape = draw(st.one_of(*[st.just(shape)] * 5, odd))
        fill = draw(st.one_of(*[st.sampled_from([0.0, 1.0])] * 4, st.floats()))
        made[name] = (draw(st.just("uint8") | one_of(TYPES)), shape, fill)
    path = draw(one_of("x.npz x.npy"))
    made = made or {"x": ("uint8", (12, 8, 8), 9.0)}
    damaged = draw(st.one_of(*[st.just(())] * 4, changes.map(tuple)))
    files = [(path, Array(made, damaged)), (path, draw(ruins))][
        : draw(st.sampled_from([1, 1, 1, 1, 2]))
    ]
    uses = [["search", model, path, *TINY, "--dry-run"] for model in ("conv-ae", "mlp", "head")]
    uses += [["search", path, *TINY, "--dry-run"], ["show", path], ["predict", AE, path]]
    uses += [["search", "conv-ae", path, *TINY], ["encode", TABLE, path]]
    return Case(tuple(draw(st.sampled_from(uses))), tuple(files))


@st.composite
def texts(draw: st.DrawFn) -> Case:
    """Draws a folder of texts, and a command that reads it."""
    usual = one_of("Anna Zoe Li Ma \u00d8re Ana Mia Tom")
    lines = usual
    if draw(st.integers(0, 2)) == 2:
        lines |= st.text(max_size=6) | one_of("\x1b[2J \u56f3") | st.just("x" * 500)
    files: list[tuple[str, File]] = []
    for name in draw(st.lists(one_of("a b c $x$ .d \udcff nul"), min_size=1, unique=True)):
        text = "\n".join(
            draw(st.lists(lines, min_size=draw(st.sampled_from([12] * 9 + [0])), max_size=20))
        )
        encoding = draw(st.sampled_from(["utf-8"] * 20 + ["utf-16", "latin-1"]))
        file = Bytes(text.encode(encoding, errors="replace"))
        files.append((f"texts/{name}.txt", file))
        if draw(st.integers(0, 9)) == 9:
            files.append((f"texts/{name}.txt", draw(ruins)))
    uses = [["search", "name-rnn", "texts", *TINY, "--dry-run"]] * 2
    uses += [["search", "texts", "--dry-run"], ["show", "texts"], ["predict", AE, "texts"]]
    return Case(tuple(draw(st.sampled_from(uses))), tuple(files))


MEMBERS = ["a", "../../outside", "/outside", "manifest.json", "x.npy", "studies.db", "a/b/c"]
MEMBERS += ["best.toml", "..\\..\\outside", "C:\\outside", "CON", "a\x1b[2J", "artifacts/1"]


@st.composite
def zips(draw: st.DrawFn) -> Case:
    """Draws a zip with any members, and a command that reads it as arrays, checkpoint or study."""
    member = st.tuples(
        st.sampled_from(MEMBERS),
        st.binary(max_size=20)
        | st.just(bytes(10**6))
        | one_of("{} [] ../../outside").map(str.encode),
        st.booleans(),
    )
    members = draw(st.lists(member, max_size=5, unique_by=lambda one: one[0]))
    path = draw(one_of(f"x.npz {CHECKPOINT} study.zip"))
    uses = [["show", path]] if path == "x.npz" else [["map", AE, "--n", "8"]]
    if path == "study.zip":
        uses = [["import", path]] if "import" in app.commands else [["show", path]]
    damaged = draw(st.just(()) | changes.map(tuple))
    return Case(tuple(draw(st.sampled_from(uses))), ((path, Zip(tuple(members), damaged)),))
