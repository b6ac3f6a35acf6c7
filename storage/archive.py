"""Writes zip archives with a manifest of hashes, and reads archives that anyone may have made."""

import json
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .atomic_write import check_output, new_file
from .json_text import parse_json
from .path_checks import case_folded, is_portable
from .record import Record, validate
from .runs_folder import check_regular_file
from .storage_error import StorageError

ARCHIVE_FORMAT = 1
MANIFEST = "manifest.json"
MIB = 2**20
MAX_TOTAL_BYTES = 16 * 1024 * MIB  # maximal size of all unpacked files together
MAX_FILE_BYTES = 4 * 1024 * MIB
MAX_JSON_BYTES = 128 * MIB
MAX_FILES = 100_000
MAX_COMPRESSION_RATIO = 200
RATIO_EXEMPT_BYTES = 64 * MIB  # smaller archives may have any compression ratio
CHUNK_BYTES = MIB
COMPRESSED_SUFFIXES = (".json", ".toml", ".csv", ".txt")

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date: equal content gives equal entries
ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError),
    *(OSError, OverflowError),
)
"""The exceptions that `zipfile` raises for an archive that it cannot read."""


class ArchivedFile(Record):
    """The entry of a file in the manifest: its size in bytes and its SHA-256."""

    size: int
    sha256: str


class Manifest(Record):
    """The manifest of an archive: a JSON file in the archive that describes its content.

    Attributes:
        format: Version of the archive format.
        kind: What the archive contains, such as `study`.
        made: When the archive was written.
        versions: Versions of Python and of libraries.
        files: The size and hash of each file, by its name in the archive.
    """

    format: int
    kind: str
    made: str
    versions: dict[str, str]
    files: dict[str, ArchivedFile]


def write_archive(
    path: Path, files: Mapping[str, Path | str], facts: Mapping[str, Any], option: str
) -> int:
    """Writes a new zip archive, and returns the total size of its files before compression.

    Args:
        path: Path of the new archive.
        files: The path or the text of each file, by its name in the archive.
        facts: `kind`, `made` and `versions` of the manifest.
        option: Name of the user's argument that gave `path`, for error messages.

    Raises:
        StorageError: If the archive exists already or cannot be written.
    """
    check_output(path, (".zip",), option)
    manifest_entries: dict[str, ArchivedFile] = {}
    with new_file(path, option) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name in sorted(files):
            source = files[name]
            digest, size = sha256(), 0
            with (
                _open_entry(archive, name) as entry,
                BytesIO(source.encode()) if isinstance(source, str) else source.open("rb") as file,
            ):
                while chunk := file.read(CHUNK_BYTES):
                    entry.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
            manifest_entries[name] = ArchivedFile(size=size, sha256=digest.hexdigest())
        with _open_entry(archive, MANIFEST) as entry:
            manifest = Manifest(format=ARCHIVE_FORMAT, files=manifest_entries, **facts)
            entry.write(json.dumps(manifest.to_table(), indent=1).encode())
    return sum(file.size for file in manifest_entries.values())


def _open_entry(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    info = zipfile.ZipInfo(name, _ZIP_EPOCH)
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    if PurePosixPath(name).suffix in COMPRESSED_SUFFIXES:
        info.compress_type = zipfile.ZIP_DEFLATED
    return archive.open(info, "w", force_zip64=True)


@dataclass(frozen=True)
class Archive:
    """An open archive. Every method that reads a file checks its hash.

    Attributes:
        path: Path of the archive.
        kind: What the archive contains, such as `study`.
        files: The SHA-256 of each file, by its name in the archive.
    """

    path: Path
    kind: str
    files: Mapping[str, str]
    _zip: zipfile.ZipFile
    _infos: Mapping[str, zipfile.ZipInfo]

    def json(self, name: str) -> Any:
        """Returns the parsed JSON of the file `name`.

        Raises:
            StorageError: If the file is missing, damaged, too large or not JSON.
        """
        if name not in self._infos:
            raise StorageError(
                f"{self.path} has no {name}: it was not written by latentune export"
            )
        if self._infos[name].file_size > MAX_JSON_BYTES:
            raise StorageError(f"{self.path}: {name} is larger than {MAX_JSON_BYTES // MIB} MiB")
        chunks: list[bytes] = []
        self._read(name, chunks.append)
        try:
            return parse_json(b"".join(chunks))
        except ValueError as error:
            raise StorageError(f"{self.path}: {name} cannot be read: {error}") from error

    def check(self) -> None:
        """Reads all files, and raises StorageError if the hash of one is wrong."""
        for name in self.files:
            self._read(name, lambda chunk: None)

    def extract(self, name: str, target: Path) -> None:
        """Unpacks the file `name` to the new path `target`.

        Raises:
            StorageError: If the hash of the file is wrong.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            self._read(name, file.write)

    def _read(self, name: str, handle_chunk: Callable[[bytes], object]) -> None:
        info, digest, size = self._infos[name], sha256(), 0
        try:
            with self._zip.open(info) as entry:
                while size <= info.file_size and (chunk := entry.read(CHUNK_BYTES)):
                    digest.update(chunk)
                    size += len(chunk)
                    handle_chunk(chunk)
        except ZIP_ERRORS as error:
            raise StorageError(f"{self.path} is damaged at {name}: {error}") from error
        found = digest.hexdigest()
        if size != info.file_size or found != self.files.get(name, found):  # the manifest has none
            raise StorageError(f"{self.path}: {name} is not the file that was packed")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Yields an open archive, after checking the names and sizes of its files.

    Users may have unpacked the result of `write_archive` and zipped the folder again.

    Raises:
        StorageError: If the archive is missing or damaged, its files are not those in its
            manifest, a file name is not portable, or the unpacked files would be far too large.
    """
    try:
        archive = zipfile.ZipFile(check_regular_file(path))
    except FileNotFoundError as error:
        raise StorageError(f"there is no archive {path}") from error
    except ZIP_ERRORS as error:
        raise StorageError(f"{path} is not a readable zip: {error}") from error
    with archive:
        infos = _strip_top_folder(_check_entries(archive, path))
        opened = Archive(path, "", {}, archive, infos)
        manifest = _check_manifest(opened.json(MANIFEST), infos, path)
        files = {name: file.sha256 for name, file in manifest.files.items()}
        yield replace(opened, kind=manifest.kind, files=files)


def _check_entries(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Returns the entry of each file by its name, after checking that it is safe to unpack."""
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
        if case_folded(name) in seen:
            raise StorageError(f"{path} names {name!r} twice")
        seen.add(case_folded(name))
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
        if any(case_folded(str(folder)) in seen for folder in PurePosixPath(name).parents):
            raise StorageError(f"{path} names a folder of {name!r} as a file")
    total = sum(info.file_size for info in files.values())
    packed = sum(info.compress_size for info in files.values())
    if total > MAX_TOTAL_BYTES or (
        total > RATIO_EXEMPT_BYTES and total > MAX_COMPRESSION_RATIO * packed
    ):
        raise StorageError(
            f"{path} would unpack to {total // MIB:,} MiB, which is too much for its size"
        )
    return files


def _strip_top_folder(files: dict[str, zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Returns `files` with shorter names: a top folder that contains all files is left out."""
    tops = {name.partition("/")[0] for name in files}
    if len(tops) != 1 or MANIFEST in files:
        return files
    return {name.partition("/")[2]: info for name, info in files.items()}


def _check_manifest(table: Any, infos: Mapping[str, zipfile.ZipInfo], path: Path) -> Manifest:
    """Returns the manifest in `table`, after comparing it with the zip entries `infos`."""
    if not isinstance(table, dict) or table.get("format") != ARCHIVE_FORMAT:
        raise StorageError(
            f"{path} is not an archive of format {ARCHIVE_FORMAT}; was it made by a newer version?"
        )
    manifest = validate(Manifest, table, f"{path}: {MANIFEST}")
    missing = sorted(manifest.files.keys() - infos.keys())
    unknown = sorted(infos.keys() - manifest.files.keys() - {MANIFEST})
    if missing:
        raise StorageError(f"{path} lacks {missing[0]!r}, which its {MANIFEST} lists")
    if unknown:
        raise StorageError(f"{path} contains {unknown[0]!r}, which its {MANIFEST} does not list")
    for name, file in manifest.files.items():
        if file.size != infos[name].file_size:
            raise StorageError(f"{path}: {name} is not the file that was packed")
    return manifest
