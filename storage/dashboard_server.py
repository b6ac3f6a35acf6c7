"""Serves optuna-dashboard on this machine, and writes the note of a study for the dashboard."""

import re
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import optuna
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState

from .artifact_store import AllArtifacts
from .optuna_internals import relational_storage
from .read_only_storage import ReadOnlyStorage
from .storage_error import StorageError, report_unwritable

HOST = "127.0.0.1"
LOCAL_HOSTS = (HOST, "localhost", "::1")
MAX_UPLOAD_BYTES = 64 * 2**20  # maximal size of a request with an uploaded file
SECURITY_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),  # an uploaded text is not an HTML page
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
]
"""HTTP headers that every response gets."""
ARTIFACT_HEADER = (
    "Content-Security-Policy",
    "sandbox; default-src 'none'; style-src 'unsafe-inline'",
)
"""HTTP header of a response with an artifact. It keeps uploaded pages from running scripts."""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def write_note(study: optuna.Study, command: str, facts: Mapping[str, str]) -> None:
    """Writes the note that the dashboard shows with a study.

    The note holds the command that created the study, and a table of `facts`.
    """
    from optuna_dashboard import save_note

    rows = [
        f"| {_escape_markdown(name)} | {_escape_markdown(value)} |"
        for name, value in facts.items()
    ]
    save_note(
        study,
        "\n".join([f"Made by {_escape_markdown(command)}", "", "| | |", "|--|--|", *rows, ""]),
    )


def _escape_markdown(text: str) -> str:
    """Returns Markdown that a browser shows as exactly this text."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


class DashboardStorage(RDBStorage):
    """A storage that reads all trials of a study as `ReadOnlyStorage` does, and shares an engine.

    The dashboard reads all trials every few seconds.

    Args:
        storage: The storage whose engine and sessions are used.
    """

    def __init__(self, storage: RDBStorage) -> None:
        vars(self).update(vars(storage))

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        # A ReadOnlyStorage reads the trials only once.
        return ReadOnlyStorage(self.engine).get_all_trials(study_id, deepcopy=False, states=states)


def serve(
    storage: BaseStorage, folder: Path, port: int, announce: Callable[[str], None] = print
) -> None:
    """Serves the dashboard of a database on this machine until Ctrl-C.

    Args:
        storage: The database.
        folder: The artifact folder. Artifacts in buckets are shown too.
        port: The TCP port to listen on.
        announce: Called with a line for the user when the server is listening.

    Raises:
        StorageError: If the port is in use or not allowed.
    """
    with report_unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        server = _Server((HOST, port), _SilentHandler)
    except (OSError, OverflowError) as error:
        raise StorageError(
            f"port {port} cannot be used ({error}); choose another by `port=`"
        ) from error
    announce(f"http://{HOST}:{port}/dashboard (Ctrl-C ends it)")
    with server, suppress(KeyboardInterrupt):
        from optuna_dashboard import wsgi  # for seconds; the first request waits

        relational = relational_storage(storage)
        storage = storage if relational is None else DashboardStorage(relational)
        artifacts = AllArtifacts(folder, storage)
        server.set_app(guard_requests(wsgi(storage, artifact_store=artifacts), artifacts))
        server.serve_forever()


def guard_requests(app: Application, artifacts: AllArtifacts) -> Application:
    """Returns the WSGI application `app` with protection against requests from other web sites.

    The dashboard has no password. Without protection, another site could delete studies: by a
    cross-site request, or through a host name that points to this machine (DNS rebinding).
    """

    def answer(environ: Environ, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        artifact = Path(path).name if path.startswith("/artifacts/") else None
        shields = SECURITY_HEADERS if artifact is None else [*SECURITY_HEADERS, ARTIFACT_HEADER]

        def start_guarded_response(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start(status, [*headers, *shields], *more)

        host = environ.get("HTTP_HOST", "")
        if _hostname(host) not in LOCAL_HOSTS:
            return _refuse(start_guarded_response, "403 Forbidden", f"{host} is not this machine")
        origin = environ.get("HTTP_ORIGIN")
        if origin not in (None, f"http://{host}"):
            return _refuse(
                start_guarded_response, "403 Forbidden", f"a page of {origin} may not ask for this"
            )
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length[:20]) > MAX_UPLOAD_BYTES:
            return _refuse(
                start_guarded_response,
                "413 Content Too Large",
                f"at most {MAX_UPLOAD_BYTES:,} bytes",
            )
        try:
            if artifact is not None and not artifacts.has(artifact):
                return _refuse(start_guarded_response, "404 Not Found", "this picture was deleted")
        except StorageError as error:
            return _refuse(start_guarded_response, "502 Bad Gateway", str(error))
        return app(environ, start_guarded_response)

    return answer


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # an unclosed bracket
        return None


def _refuse(start: StartResponse, status: str, why: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [why.encode()]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True  # an open connection does not delay the exit


class _SilentHandler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
