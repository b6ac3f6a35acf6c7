"""Zip archives: written in order with a manifest of hashes, and read without being trusted."""

import json
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .output_files import check_output, new_file
from .runs_folder import check_regular_file
from .storage_error import StorageError

ARCHIVE_FORMAT = 1
MANIFEST = "manifest.json"
MIB = 2**20
MAX_TOTAL_BYTES = 16 * 1024 * MIB  # of all files together
MAX_FILE_BYTES = 4 * 1024 * MIB
MAX_JSON_BYTES = 128 * MIB
MAX_FILES = 100_000
MAX_COMPRESSION_RATIO = 200  # bytes of an archive's files for each of its own
RATIO_EXEMPT_BYTES = 64 * MIB  # files that are as small together may be as dense as they like
MAX_PATH_LENGTH = 240
CHUNK_BYTES = MIB
COMPRESSED_SUFFIXES = (".json", ".toml", ".csv", ".txt")
"""What is worth compressing: pictures and weights are not."""

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # that a zip can hold: the same content makes the same entry
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError),
    *(OSError, OverflowError),
)
"""What zipfile raises of archives that are damaged, encrypted or of another make."""


def is_portable(name: str) -> bool:
    """Whether a relative path names one file on every system, and none outside its folder."""
    return len(name) <= MAX_PATH_LENGTH and all(
        part.isprintable()
        and part.strip(" ") == part.rstrip(".") == part != ""
        and not set(part) & set('<>:"\\|?*')
        and not _WINDOWS_DEVICE.fullmatch(part)
        for part in name.split("/")
    )


def write_archive(
    path: Path, files: Mapping[str, Path | str], facts: Mapping[str, Any], option: str
) -> int:
    """Writes files and a manifest of their sizes and SHA-256 into a new zip.

    Args:
        path: The zip.
        files: What is in it, by its name there: the path of a file, or a text.
        facts: What else the manifest says.
        option: The argument that names `path`, for messages.

    Returns:
        The bytes of all files before compression.

    Raises:
        StorageError: If there is such a file, or it cannot be written.
    """
    check_output(path, (".zip",), option)
    listed: dict[str, dict[str, Any]] = {}
    with new_file(path, option) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name in sorted(files):
            source = files[name]
            with _entry(archive, name) as entry:
                hashed, size = sha256(), 0
                for chunk in (
                    [source.encode()] if isinstance(source, str) else _read_chunks(source)
                ):
                    entry.write(chunk)
                    hashed.update(chunk)
                    size += len(chunk)
            listed[name] = {"size": size, "sha256": hashed.hexdigest()}
        with _entry(archive, MANIFEST) as entry:
            manifest = {"format": ARCHIVE_FORMAT, **facts, "files": listed}
            entry.write(json.dumps(manifest, indent=1).encode())
    return sum(of["size"] for of in listed.values())


def _entry(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    info = zipfile.ZipInfo(name, _ZIP_EPOCH)
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    if PurePosixPath(name).suffix in COMPRESSED_SUFFIXES:
        info.compress_type = zipfile.ZIP_DEFLATED
    return archive.open(info, "w", force_zip64=True)


def _read_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


@dataclass(frozen=True)
class Archive:
    """A zip whose directory agrees with its manifest; its files are checked as they are read.

    Attributes:
        path: The zip.
        manifest: What its manifest says beside the files.
        files: The SHA-256 of each file, by its name.
    """

    path: Path
    manifest: Mapping[str, Any]
    files: Mapping[str, str]
    _zip: zipfile.ZipFile
    _infos: Mapping[str, zipfile.ZipInfo]

    def json(self, name: str) -> Any:
        """Returns what a file of JSON holds.

        Raises:
            StorageError: If it is missing, is none or too large, or is not what was packed.
        """
        if name not in self.files:
            raise StorageError(
                f"{self.path} has no {name}: it was not written by latentune export"
            )
        found: list[bytes] = []
        if self._infos[name].file_size > MAX_JSON_BYTES:
            raise StorageError(f"{self.path}: {name} is larger than {MAX_JSON_BYTES // MIB} MiB")
        self._read(name, found.append)
        return _parse_json(b"".join(found), f"{self.path}: {name}")

    def check(self) -> None:
        """Checks the hash of every file.

        Raises:
            StorageError: If one is not what was packed.
        """
        for name in self.files:
            self._read(name, lambda chunk: None)

    def extract(self, name: str, target: Path) -> None:
        """Writes a file to a new path, whose folders are made.

        Raises:
            StorageError: If it is not what was packed.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            self._read(name, file.write)

    def _read(self, name: str, take: Callable[[bytes], object]) -> None:
        info, hashed, size = self._infos[name], sha256(), 0
        try:
            with self._zip.open(info) as entry:
                while size <= info.file_size and (chunk := entry.read(CHUNK_BYTES)):
                    hashed.update(chunk)
                    size += len(chunk)
                    take(chunk)
        except _ZIP_ERRORS as error:
            raise StorageError(f"{self.path} is damaged at {name}: {error}") from error
        if size != info.file_size or hashed.hexdigest() != self.files[name]:
            raise StorageError(f"{self.path}: {name} is not the file that was packed")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Opens a zip that `write_archive` wrote, or somebody packed again from its files.

    Raises:
        StorageError: If it is missing or damaged, its files are not those of its manifest, a name
            could leave a folder or name two files, or it would unpack to far more than it is.
    """
    try:
        archive = zipfile.ZipFile(check_regular_file(path))
    except FileNotFoundError as error:
        raise StorageError(f"there is no archive {path}") from error
    except _ZIP_ERRORS as error:
        raise StorageError(f"{path} is no zip that can be read: {error}") from error
    with archive:
        infos = _strip_top_folder(_check_entries(archive, path))
        if MANIFEST not in infos:
            raise StorageError(f"{path} has no {MANIFEST}: it was not written by latentune export")
        unlisted = Archive(path, {}, {}, archive, infos)
        yield _load_manifest(unlisted)


def _check_entries(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Returns the files of a zip by name, if none of them is a trap."""
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise StorageError(f"{path} holds {len(entries):,} files, more than {MAX_FILES:,}")
    files: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for info in entries:
        name = info.orig_filename
        kind = stat.S_IFMT(info.external_attr >> 16)
        if not is_portable(name.removesuffix("/")) or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise StorageError(f"{path} is not to be trusted: {name!r} may lead out of its folder")
        if info.is_dir():
            continue
        if _case_folded(name) in seen:
            raise StorageError(f"{path} names {name!r} twice")
        seen.add(_case_folded(name))
        if info.flag_bits & 1 or info.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise StorageError(f"{path}: {name} is encrypted or packed in an unknown way")
        if info.file_size > MAX_FILE_BYTES:
            raise StorageError(
                f"{path}: {name} would be larger than {MAX_FILE_BYTES // MIB:,} MiB"
            )
        files[name] = info
    for name in files:
        if any(_case_folded(str(folder)) in seen for folder in PurePosixPath(name).parents):
            raise StorageError(f"{path} names a folder of {name!r} as a file")
    total = sum(info.file_size for info in files.values())
    packed = sum(info.compress_size for info in files.values())
    if total > MAX_TOTAL_BYTES or (
        total > RATIO_EXEMPT_BYTES and total > MAX_COMPRESSION_RATIO * packed
    ):
        raise StorageError(
            f"{path} would unpack to {total // MIB:,} MiB, which is too much for it"
        )
    return files


def _case_folded(name: str) -> str:
    """Returns what two names share that are one file on some system."""
    return unicodedata.normalize("NFC", name).casefold()


def _strip_top_folder(files: dict[str, zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Returns files by their names in the folder that holds all of them, if one does."""
    tops = {name.partition("/")[0] for name in files}
    if len(tops) != 1 or MANIFEST in files:
        return files
    return {name.partition("/")[2]: info for name, info in files.items()}


def _load_manifest(archive: Archive) -> Archive:
    """Returns an archive that knows the hash of each of its files."""
    path, infos = archive.path, archive._infos
    info = infos[MANIFEST]
    if info.file_size > MAX_JSON_BYTES:
        raise StorageError(f"{path}: {MANIFEST} is larger than {MAX_JSON_BYTES // MIB} MiB")
    try:
        manifest = _parse_json(archive._zip.read(info), f"{path}: {MANIFEST}")
    except StorageError:
        raise
    except _ZIP_ERRORS as error:
        raise StorageError(f"{path} is damaged at {MANIFEST}: {error}") from error
    if not isinstance(manifest, dict) or manifest.pop("format", None) != ARCHIVE_FORMAT:
        raise StorageError(
            f"{path} is no archive of format {ARCHIVE_FORMAT}; was it made by a newer one?"
        )
    listed = manifest.pop("files", None)
    if not isinstance(listed, dict) or not all(_is_file_entry(of) for of in listed.values()):
        raise StorageError(f"{path}: {MANIFEST} does not list the files")
    missing = sorted(set(listed) - set(infos))
    unknown = sorted(set(infos) - set(listed) - {MANIFEST})
    if missing or unknown:
        what = f"lacks {missing[0]!r}" if missing else f"holds {unknown[0]!r} beside"
        raise StorageError(f"{path} {what} what its {MANIFEST} lists")
    for name, of in listed.items():
        if of["size"] != infos[name].file_size:
            raise StorageError(f"{path}: {name} is not the file that was packed")
    files = {name: of["sha256"] for name, of in listed.items()}
    return Archive(path, manifest, files, archive._zip, infos)


def _is_file_entry(of: Any) -> bool:
    return (
        isinstance(of, dict) and type(of.get("size")) is int and isinstance(of.get("sha256"), str)
    )


def _parse_json(text: bytes, where: str) -> Any:
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate is no text to a database
    except RecursionError as error:
        raise StorageError(f"{where} is nested too deeply") from error
    except ValueError as error:
        raise StorageError(f"{where} is no JSON: {error}") from error
    return found
