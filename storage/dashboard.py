"""optuna-dashboard: the pictures and notes that it shows, and serving it on this machine."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import optuna
from optuna.artifacts import FileSystemArtifactStore, upload_artifact
from optuna.storages import BaseStorage

from .runs import StorageError

HOST = "127.0.0.1"


def attach(target: optuna.Study | optuna.Trial, picture: Path, folder: Path) -> None:
    """Copies a picture into the artifact folder and shows it on a study or a running trial.

    Args:
        target: The study or trial; a trial must not have finished.
        picture: The file; its name is what the dashboard shows.
        folder: The artifact folder, made if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    upload_artifact(
        artifact_store=FileSystemArtifactStore(folder),
        file_path=str(picture),
        study_or_trial=target,
    )


def note(study: optuna.Study, text: str) -> None:
    """Writes the note, in Markdown, that the dashboard shows beside a study."""
    from optuna_dashboard import save_note

    save_note(study, text)


def serve(
    storage: BaseStorage, folder: Path, port: int, announce: Callable[[str], None] = print
) -> None:
    """Serves the dashboard to this machine alone, until Ctrl-C.

    Args:
        storage: The database.
        folder: The artifact folder.
        port: Port to listen on.
        announce: Called with the address once the port is known to be free.

    Raises:
        StorageError: If the port is in use or not allowed.
    """
    from optuna_dashboard import wsgi

    folder.mkdir(parents=True, exist_ok=True)
    app = wsgi(storage, artifact_store=FileSystemArtifactStore(folder))
    try:
        server = make_server(HOST, port, app, _Server, _SilentHandler)
    except (OSError, OverflowError) as error:
        raise StorageError(
            f"port {port} cannot be used ({error}); choose another by --port"
        ) from error
    announce(f"http://{HOST}:{port}/dashboard (Ctrl-C ends it)")
    with server, suppress(KeyboardInterrupt):
        server.serve_forever()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True  # a browser that keeps a connection open must not keep us


class _SilentHandler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
