"""Makes the pictures of the README and the figures of digits in the tutorial and guides again.

python docs/make_pictures.py        (make pictures; needs chromium, takes some minutes)
"""

import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from io import StringIO
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

PICTURES = Path(__file__).parent / "pictures"
LATENTUNE = [sys.executable, "-m", "latentune"]
SEARCH = ["search", "conv-vae", "digits", "--trials", "20", "--epochs", "10", "--workers", "1"]
STUDY = "conv-vae-digits"
TUTORIAL = """
show digits
search conv-ae digits --trials 12 --epochs 20
train conv-ae-digits --epochs 100
sample conv-ae-digits
map conv-ae-digits
report conv-ae-digits --out report.html
search conv-vae digits --objectives reconstruction,kl --trials 40 --name front
"""
FIGURES = {
    "reconstructions.png": "conv-ae-digits/final/reconstructions.png",
    "loss.png": "conv-ae-digits/final/loss.png",
    "samples.png": "conv-ae-digits/final/samples/kde-samples.png",
    "codes.png": "conv-ae-digits/final/samples/kde-codes.png",
    "map.png": "conv-ae-digits/final/maps/tsne.png",
    "front.png": "front/front.png",
}
"""The figures that these commands write, by the names of the pictures."""
SHOWN_TRIALS = 13
WIDTH = 78


def record(command: list[str], folder: Path) -> str:
    """Returns what a command writes to a terminal, with its escape codes."""
    process, terminal = pty.fork()
    if not process:
        os.chdir(folder)
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(WIDTH)}
        os.execv(command[0], command)
    output = b""
    while True:
        try:
            output += os.read(terminal, 65536)
        except OSError:  # the command has ended
            break
    os.waitpid(process, 0)
    return output.decode()


def screen_after(output: str, rows: int) -> list[str]:
    """Returns the lines of the screen once so many rows of trials stand above the progress bar."""
    lines = output.replace("\r\n", "\n").split("\n")
    shown = [re.split(r"\r|\x1b\[2K", line)[-1] for line in lines[: rows + 1]]
    bars = [part for part in re.split(r"\r|\x1b\[2K", lines[rows + 1]) if " trials " in part]
    return [*shown, bars[len(bars) // 2]]


def draw_terminal(lines: list[str], path: Path) -> None:
    """Writes a picture of a terminal, which loads no font from elsewhere."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\x1b[32m$\x1b[0m latentune " + " ".join(SEARCH[:-2])))
    for line in lines:
        console.print(Text.from_ansi(line))
    style = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    style = style.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace")
    path.write_text(console.export_svg(title="latentune", code_format=style))


def draw_dashboard(folder: Path, path: Path) -> None:
    """Writes a picture of a study in optuna-dashboard."""
    from playwright.sync_api import sync_playwright

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [*LATENTUNE, "dashboard", "--port", str(port)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(600):
                try:
                    urlopen(f"{url}/api/meta").close()
                    break
                except URLError:
                    time.sleep(0.1)
            with sync_playwright() as play:
                browser = play.chromium.launch(
                    executable_path=shutil.which("chromium"),
                    args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
                )
                page = browser.new_page(viewport={"width": 1160, "height": 650})
                page.goto(f"{url}/dashboard")
                page.get_by_text(STUDY).first.click()
                page.locator(".plotly .point").first.wait_for(state="attached")
                page.mouse.move(20, 300)  # away from the plot, whose tools would show
                page.wait_for_timeout(3000)
                page.screenshot(path=path)
                browser.close()
        finally:
            server.terminate()


def draw_report(page_file: Path, path: Path) -> None:
    """Writes a picture of the beginning of a report."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1160, "height": 1240})
        page.goto(page_file.as_uri())
        page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        output = record([*LATENTUNE, *SEARCH], Path(name))
        draw_terminal(screen_after(output, SHOWN_TRIALS), PICTURES / "search.svg")
        draw_dashboard(Path(name), PICTURES / "dashboard.png")
        for words in TUTORIAL.strip().splitlines():
            subprocess.run([*LATENTUNE, *words.split()], cwd=name, check=True)
        for picture, figure in FIGURES.items():
            shutil.copy(Path(name) / "runs" / figure, PICTURES / picture)
        draw_report(Path(name) / "report.html", PICTURES / "report.png")
