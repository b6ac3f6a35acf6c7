"""Texts: which letters are known, how they are numbered, and what is refused."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import latentune
from latentune import TensorData
from latentune.objectives.data.errors import DataError
from latentune.objectives.data.labelled import labelled
from latentune.objectives.data.sources.texts import numbered, plain

Cli = Callable[..., Any]
SHARED = Path(__file__).parents[2] / "shared" / "data"
FRENCH = ["Béringer", "Dupont", "Lefèvre", "Noël", "Petit", "Roux", "Faure", "Garçon"]
POLISH = ["Nowak", "Wójcik", "Kowalski", "Zieliński", "Mazur", "Krol", "Dudek", "Gorska"]


@pytest.fixture(scope="session")
def names() -> Path:
    """The folder with the surnames of 18 languages."""
    folder = Path(os.environ.get("LATENTUNE_DATA") or SHARED) / "names"
    if not folder.is_dir():
        pytest.skip("needs names/ in the folder that LATENTUNE_DATA names")
    return folder


def write(name: str, lines: list[str], encoding: str = "utf-8") -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("\n".join(lines) + "\n", encoding=encoding)


def spelt(data: TensorData) -> dict[str, list[str]]:
    """The texts of each class, as they can be read back."""
    letters, found = "\0" + data.spec.letters, {}
    for inputs, targets, _ in data.splits[:3]:
        for row, target in zip(inputs, targets, strict=True):
            text = "".join(letters[number] for number in row)
            found.setdefault(data.spec.classes[target], []).append(text.rstrip("\0"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Ślusàrski", "Slusarski"), ("O'Neill-Ré", "O'Neill-Re"), (" ﬁn\t ", "fin"), ("李", "")],
)
def test_plain_text_is_printable_ascii(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text())
def test_what_is_plain_stays_so(text: str) -> None:
    assert plain(text).isascii()
    assert plain(text).isprintable()
    assert plain(plain(text)) == plain(text)


LETTERS = "".join(map(chr, range(33, 127)))


@given(st.lists(st.text(LETTERS, min_size=1, max_size=12), max_size=5), st.integers(1, 15))
def test_numbers_can_be_read_back(texts: list[str], length: int) -> None:
    rows = numbered(texts, LETTERS, length)
    assert rows.shape == (len(texts), length)
    assert rows.dtype == torch.long
    for row, text in zip(rows.tolist(), texts, strict=True):
        end = min(len(text), length)
        assert "".join(LETTERS[number - 1] for number in row[:end]) == text[:end]
        assert set(row[end:]) <= {0}


def test_letters_that_are_not_known_are_dropped() -> None:
    assert numbered(["Bád-x", "da"], "abd", 4).tolist() == [[1, 3, 0, 0], [3, 1, 0, 0]]
    with pytest.raises(DataError, match="'xyz' has no letter that is known"):
        numbered(["xyz"], "abd", 4)


def test_a_file_is_a_class_and_a_line_a_text(caplog: pytest.LogCaptureFixture) -> None:
    write("some/French.txt", [*FRENCH, "", *FRENCH, "Petit"], "utf-8-sig")
    write("some/Polish.txt", POLISH * 2)
    write("some/Empty.txt", [])
    write("some/.hidden.md", ["nothing"])
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = TensorData("some")
    assert data.spec.kind == "text"
    assert data.spec.classes == ("French", "Polish")
    assert data.spec.shape == (len("Zielinski"),)
    assert data.spec.mean is None
    assert list(data.spec.letters) == sorted(set(data.spec.letters))
    found = spelt(data)
    assert sorted(found["Polish"]) == sorted(map(plain, POLISH * 2))
    assert sorted(found["French"]) == sorted(map(plain, [*FRENCH * 2, "Petit"]))
    assert "33 texts of up to 9 letters, 2 classes" in caplog.text
    assert "skipped: Empty.txt, which is empty" in caplog.text
    shown = latentune.show("some")
    assert shown.counts.sum(axis=1).to_dict() == {"French": 17, "Polish": 16}


def test_a_single_file_has_no_classes(caplog: pytest.LogCaptureFixture) -> None:
    write("some/names.txt", [*FRENCH, *POLISH, "ab" * 80])
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = TensorData("some")
    assert data.splits.train.targets is None
    assert data.spec.shape == (100,)
    assert "1 of 17 texts are cut after 100 letters" in caplog.text
    with pytest.raises(DataError, match="no labels to learn from; put each class in a file"):
        labelled(data)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("surname,origin", (FRENCH + POLISH, ["fr"] * 8 + ["pl"] * 8)),
        ("label,whatever", (["fr"] * 8 + ["pl"] * 8, FRENCH + POLISH)),  # mostly different
        (",name,class", (list(range(16)), FRENCH + POLISH, ["fr"] * 8 + ["pl"] * 8)),
        ("text,class", (["Ana", "Null", "NA", "Eva"] * 4, ["fr", "pl"] * 8)),  # few, but called so
    ],
)
def test_a_table_of_texts_and_labels_is_texts(header: str, columns: tuple[list[Any], ...]) -> None:
    write("some.csv", [header, *(",".join(map(str, row)) for row in zip(*columns, strict=True))])
    data = TensorData("some.csv")
    assert data.spec.kind == "text"
    assert data.spec.classes == ("fr", "pl")
    assert sum(map(len, spelt(data).values())) == 16


def test_texts_may_have_numbers_or_nothing_to_predict() -> None:
    rows = [f"{name},{number / 4}" for number, name in enumerate(FRENCH + POLISH)]
    write("rated.csv", ["name,rating", *rows])
    data = TensorData("rated.csv")
    assert data.spec.kind == "text"
    assert data.splits.train.targets.is_floating_point()
    write("bare.csv", ["name", *FRENCH, *POLISH])
    assert TensorData("bare.csv").splits.train.targets is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("李明", r"some/a\.txt:4: '李明' has no letter that is known"),
        ("\ud8a9", r"a\.txt is no text in UTF-8, because of the byte 0xed"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, message: str) -> None:
    write("some/b.txt", POLISH)
    Path("some/a.txt").write_bytes(
        "\n".join([*FRENCH[:2], "", line, *FRENCH[2:]]).encode(errors="surrogatepass")
    )
    with pytest.raises(DataError, match=message):
        TensorData("some")


def test_options_that_do_not_fit_texts_are_refused() -> None:
    write("some/a.txt", FRENCH)
    with pytest.raises(DataError, match="holds 8 texts: at least 10 are needed"):
        TensorData("some")
    write("some/b.txt", ["Nowak", "Mazur"])
    write("some/c.txt", ["Smith"])
    for option, message in (
        ({"normalise": True}, "texts cannot be standardised: leave out `normalise=`"),
        ({"image_size": 8}, "some holds no images: leave out `image_size=`"),
        ({"target": "a"}, "some is no table with columns: leave out `target=`"),
        ({"numbers": True}, "some has classes, and no numbers to predict"),
    ):
        with pytest.raises(DataError, match=message):
            TensorData("some", **option)
    with pytest.raises(DataError, match="class 'c' of some has 1 item; at least 2 are needed"):
        labelled(TensorData("some"))


def test_real_surnames(names: Path) -> None:
    data = TensorData(str(names), balanced=True)
    assert data.spec.classes[0] == "Arabic"
    assert len(data.spec.classes) == 18
    assert sum(len(part) for part in data.splits[:3]) == 20050
    assert {"Abreu", "D'cruz"} <= set(spelt(data)["Portuguese"])
    shares = [part.targets.bincount() / len(part) for part in data.splits[:3]]
    torch.testing.assert_close(shares[0], shares[2], atol=1e-3, rtol=0)
    data.setup("fit")
    counts = torch.cat([y for _, y in data.train_dataloader()]).bincount()
    assert counts.max() < 1.4 * counts.min()
