"""Texts: which letters are known, how they are numbered, and what is refused."""

import logging
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import latentune
from latentune import TableOptions, TensorData
from latentune.objectives.data.data_error import DataError
from latentune.objectives.data.preparation.labels import require_labels
from latentune.objectives.data.sources.plain_text import (
    describe_dropped_letters,
    encode_texts,
    to_plain_text,
    transliterate,
)

Cli = Callable[..., Any]
SHARED = Path(__file__).parents[4] / "shared" / "data"
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


def spelled(data: TensorData) -> dict[str, list[str]]:
    """The texts of each class, as they can be read back."""
    letters, found = "\0" + data.spec.letters, {}
    for inputs, targets, *_ in data.splits[:3]:
        for row, target in zip(inputs, targets, strict=True):
            text = "".join(letters[number] for number in row)
            found.setdefault(data.spec.classes[target], []).append(text.rstrip("\0"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[("Ślusàrski", "Slusarski"), ("O'Neill-Ré", "O'Neill-Re"), (" ﬁn\t ", "fin")],
        *[("Łódź", "Lodz"), ("Øystein", "Oystein"), ("Straße", "Strasse"), ("Æsir", "AEsir")],
        *[
            ("Đorđe", "Dorde"),
            ("Iğdır", "Igdir"),
            ("Þór", "Thor"),
            ("Ħal", "Hal"),
            ("cœur", "coeur"),
        ],
        *[("Ａｂｃ", "Abc"), ("O’Neill – “x”…", 'O\'Neill - "x"...'), ("Ş\u0327\u0301", "S")],
        # Letters of other scripts stay as they are, with the marks that make them.
        *[
            ("李明", "李明"),
            ("Йод, нет", "Йод, нет"),
            ("Σπάρτη", "Σπάρτη"),
            ("한국", "한국"),
        ],
        *[("हिन्दी", "हिन्दी"), ("مرحبا", "مرحبا"), ("Əliyev", "Əliyev"), ("И\u0306", "Й")],
        # What has no width, no meaning or is a picture goes.
        *[
            ("a\u200db\ufeff", "ab"),
            ("😀 ok", "ok"),
            ("\udcff", ""),
            ("\u202eabc", "abc"),
            ("€5", "5"),
        ],
    ],
)
def test_a_text_is_plain(text: str, expected: str) -> None:
    assert to_plain_text(text) == expected
    assert to_plain_text(unicodedata.normalize("NFD", text)) == expected


@given(st.text())
def test_what_is_plain_stays_so(text: str) -> None:
    assert to_plain_text(to_plain_text(text)) == to_plain_text(text)
    dropped = transliterate(text).dropped
    assert all(unicodedata.category(letter)[0] in "CSMZ" for letter in dropped)
    assert not to_plain_text(text.encode("ascii", "ignore").decode()).strip(LETTERS + " ")


LETTERS = "".join(map(chr, range(33, 127)))


@given(st.lists(st.text(LETTERS, min_size=1, max_size=12), max_size=5), st.integers(1, 15))
def test_numbers_can_be_read_back(texts: list[str], length: int) -> None:
    found = encode_texts(texts, LETTERS, length)
    assert found.rows.shape == (len(texts), length)
    assert found.rows.dtype == torch.long
    assert (set(found.reasons), found.dropped) in [({""}, {}), (set(), {})]
    for row, text in zip(found.rows.tolist(), texts, strict=True):
        end = min(len(text), length)
        assert "".join(LETTERS[number - 1] for number in row[:end]) == text[:end]
        assert set(row[end:]) <= {0}


def test_letters_that_are_not_known_are_dropped_and_counted() -> None:
    found = encode_texts(["Bád-bax", "da", "xyz", "", "adxyz", "\u200d", "ab😀😀😀"], "abd", 4)
    assert found.rows[:2].tolist() == [[1, 3, 2, 1], [3, 1, 0, 0]]
    assert found.reasons == [
        "",
        "",
        "has no letter that is known",
        "is empty",
        "has 3 letters of 5 that are not known",
        "has no letter that is known",
        "",
    ]
    assert found.dropped == {"B": 1, "-": 1, "x": 1, "😀": 3}
    assert describe_dropped_letters(found) == (
        "6 letters or signs that are not known are dropped from 2 texts: '\\U0001f600' (3), "
        "'-' (1), 'B' (1) and 1 other"
    )


def test_a_file_is_a_class_and_a_line_a_text(caplog: pytest.LogCaptureFixture) -> None:
    french, polish = ([*some, *(f"{name}a" for name in some)] for some in (FRENCH, POLISH))
    write("some/French.txt", [*french[:8], "", *french[8:], "Petit"], "utf-8-sig")
    write("some/Polish.txt", polish)
    write("some/Empty.txt", [])
    write("some/.hidden.md", ["nothing"])
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = TensorData("some")
    assert data.spec.kind == "text"
    assert data.spec.classes == ("French", "Polish")
    assert data.spec.shape == (len("Zielinskia"),)
    assert data.spec.mean is None
    assert list(data.spec.letters) == sorted(set(data.spec.letters))
    found = spelled(data)
    for name, texts in (("Polish", polish), ("French", [*french, "Petit"])):
        known = [
            "".join(x for x in to_plain_text(text) if x in data.spec.letters) for text in texts
        ]
        assert sorted(found[name]) == sorted(known)
    assert "33 texts of up to 10 letters, 2 classes" in caplog.text
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
        require_labels(data)


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
    assert sum(map(len, spelled(data).values())) == 16


def test_texts_may_have_numbers_or_nothing_to_predict() -> None:
    rows = [f"{name},{number / 4}" for number, name in enumerate(FRENCH + POLISH)]
    write("rated.csv", ["name,rating", *rows])
    data = TensorData("rated.csv")
    assert data.spec.kind == "text"
    assert data.splits.train.targets.is_floating_point()
    write("bare.csv", ["name", *FRENCH, *POLISH])
    assert TensorData("bare.csv").splits.train.targets is None


def test_a_line_that_is_not_text_is_named() -> None:
    write("some/b.txt", POLISH)
    Path("some/a.txt").write_bytes("\n".join([*FRENCH, "\ud8a9"]).encode(errors="surrogatepass"))
    with pytest.raises(
        DataError, match=r"a\.txt is not a text in UTF-8, because of the byte 0xed"
    ):
        TensorData("some")


CITIES = ["Москва", "Київ", "Σπάρτη", "北京", "القاهرة", "서울"]


def test_letters_of_any_script_are_learned(caplog: pytest.LogCaptureFixture) -> None:
    lines = [f"{a} {b}" for a in CITIES for b in CITIES]
    write("some/a.txt", [*lines, "😀😀", "\u200d"])
    write("some/b.txt", [f"{line}😀" for line in lines])
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = TensorData("some")
    assert set(data.spec.letters) == set("".join(CITIES)) | {" "}
    found = spelled(data)
    assert sorted(found["a"]) == sorted(found["b"]) == sorted(lines)
    assert "a.txt:37 '\\U0001f600\\U0001f600' has no" in caplog.text
    assert "letters beyond ASCII are kept as they are, such as" in caplog.text
    assert "36 letters or signs that are not known are dropped from 36 texts" in caplog.text


def test_of_many_letters_the_most_frequent_are_known(caplog: pytest.LogCaptureFixture) -> None:
    rare = [chr(0x4E00 + number) for number in range(700)]
    write("some/a.txt", [f"的{letter}是" for letter in rare])
    with caplog.at_level(logging.INFO, logger="latentune"):
        data = TensorData("some")
    assert len(data.spec.letters) == 500
    assert {"的", "是"} <= set(data.spec.letters)
    assert sum(map(len, data.splits[:3])) == 700
    assert "letters or signs that are not known are dropped from" in caplog.text


def test_options_that_do_not_fit_texts_are_refused() -> None:
    write("some/a.txt", FRENCH)
    with pytest.raises(DataError, match="holds 8 texts: at least 10 are needed"):
        TensorData("some")
    write("some/b.txt", ["Nowak", "Mazur"])
    write("some/c.txt", ["Smith"])
    for option, message in (
        ({"normalize": True}, "texts cannot be standardized: leave out `normalize=`"),
        ({"image_size": 8}, "some holds no images: leave out `image_size=`"),
        (
            {"table": TableOptions(target="a")},
            "some is not a table with columns: leave out `target=`",
        ),
        ({"numbers": True}, "some has classes, not numbers to predict"),
    ):
        with pytest.raises(DataError, match=message):
            TensorData("some", **option)
    with pytest.raises(DataError, match="class 'c' of some has 1 item; at least 2 are needed"):
        require_labels(TensorData("some"))


def test_real_surnames(names: Path) -> None:
    data = TensorData(str(names), balanced=True)
    assert data.spec.classes[0] == "Arabic"
    assert len(data.spec.classes) == 18
    assert sum(len(part) for part in data.splits[:3]) == 20050
    assert {"Abreu", "D'cruz"} <= set(spelled(data)["Portuguese"])
    shares = [part.targets.bincount() / len(part) for part in data.splits[:3]]
    torch.testing.assert_close(shares[0], shares[2], atol=2e-3, rtol=0)
    data.setup("fit")
    counts = torch.cat([y for _, y in data.train_dataloader()]).bincount()
    assert counts.max() < 1.4 * counts.min()
