"""The dashboard: the plain tool over our file, in a real browser."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState

import latentune
from latentune.storage.dashboard_server import DashboardStorage
from latentune.storage.database import open_database

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(command: list[str], port: int) -> Iterator[str]:
    """Runs a server until the block ends; gives its address once it answers."""
    url = f"http://127.0.0.1:{port}"
    log = Path("server.log")
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as server:
        try:
            for _ in range(1200):
                assert server.poll() is None, log.read_text()
                try:
                    urlopen(f"{url}/api/meta").close()
                    break
                except URLError:
                    time.sleep(0.1)
            yield url
        finally:
            server.terminate()


@contextmanager
def browsing() -> Iterator[Any]:
    """Gives a page of a real browser."""
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=options)
        try:
            yield browser.new_page()
        finally:
            browser.close()


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_the_plain_dashboard_shows_each_trial_with_its_picture(trained: Path) -> None:
    port = free_port()
    tool = str(Path(sys.executable).with_name("optuna-dashboard"))
    command = [tool, "sqlite:///runs/studies.db", "--artifact-dir", "runs/artifacts"]
    with serving([*command, "--port", str(port)], port) as url, browsing() as page:
        page.goto(f"{url}/dashboard")
        page.get_by_text("conv-ae-digits").first.click()
        page.goto(f"{page.url.rstrip('/')}/trials?numbers=1")
        picture = page.locator("img[src*='/artifacts/']").first
        picture.wait_for()
        page.wait_for_function(
            "image => image.complete && image.naturalWidth > 500", arg=picture.element_handle()
        )
        page.goto(page.url.replace("/trials?numbers=1", "/note"))
        page.get_by_text("latentune.search('conv-ae', 'digits', ...)").wait_for()


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_the_dashboard_shows_the_front_of_two_objectives() -> None:
    study = latentune.search(
        *("conv-vae", "digits"),
        objectives=("reconstruction", "kl"),
        trials=4,
        epochs=1,
        batch_size=200,
    )
    port = free_port()
    command = [sys.executable, "-m", "latentune", "dashboard", "--port", str(port)]
    with serving(command, port) as url, browsing() as page:
        page.goto(f"{url}/dashboard")
        page.get_by_text("conv-vae-digits").first.click()
        page.get_by_text("Pareto Front").first.wait_for()
        page.locator("#graph-pareto-front .point").first.wait_for(state="attached")
        points = page.locator("#graph-pareto-front .point").count()
    assert points == len(study.trials)


def ask(url: str, headers: dict[str, str], method: str = "GET") -> int:
    """Returns how a server answers."""
    try:
        with urlopen(Request(url, headers=headers, method=method)) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_pages_from_elsewhere_are_refused_and_deleted_pictures_are_missing(trained: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "latentune", "dashboard", "--port", str(port)]
    with serving(command, port) as url:
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", ""):
            assert ask(f"{url}/api/studies", {"Host": host}) == 403
            assert ask(f"{url}/api/studies/1", {"Host": host}, "DELETE") == 403
        for origin in ("http://evil.example", "null", f"http://localhost:{port + 1}"):
            assert ask(f"{url}/api/studies/1", {"Origin": origin}, "DELETE") == 403
        for host in (f"localhost:{port}", "127.0.0.1:9000"):  # the last as through a tunnel
            assert ask(f"{url}/api/studies", {"Host": host}) == 200
        with urlopen(f"{url}/api/studies/1") as answer:
            trial = json.load(answer)["trials"][0]
        picture = trial["artifacts"][0]["artifact_id"]
        address = f"{url}/artifacts/1/{trial['trial_id']}/{picture}"
        assert ask(address, {}) == 200
        (trained / "artifacts" / picture).unlink()
        assert ask(address, {}) == 404
        assert ask(f"{url}/api/studies/1", {"Origin": url}, "DELETE") == 204


def test_our_dashboard_serves_the_file_of_the_runs_folder_and_names_the_metric(
    trained: Path,
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "latentune", "dashboard", "--port", str(port)]
    with serving(command, port) as url:
        with urlopen(f"{url}/api/studies") as answer:
            assert b"conv-ae-digits" in answer.read()
        with urlopen(f"{url}/api/studies/1") as answer:
            assert json.load(answer)["objective_names"] == ["val_mse"]


def test_the_storage_of_the_dashboard_reads_as_optuna_does_and_sees_new_trials(
    trained: Path,
) -> None:
    storage = open_database(f"sqlite:///{trained}/studies.db")
    assert isinstance(storage, RDBStorage)
    quick = DashboardStorage(storage)
    assert quick.get_all_trials(1) == storage.get_all_trials(1)
    quick.create_new_trial(1)  # a button of the dashboard may write
    running = quick.get_all_trials(1, states=(TrialState.RUNNING,))
    assert running == storage.get_all_trials(1)[-1:]
    quick.set_trial_state_values(running[0]._trial_id, TrialState.FAIL)
    assert quick.get_all_trials(1) == storage.get_all_trials(1)
