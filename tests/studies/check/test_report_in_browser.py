"""The page of the verb `report` in a real browser: widths, themes, contrast, outline and paper."""

import shutil
from itertools import pairwise

import pytest

import latentune

from .report_pages import METRICS, make_study, make_training

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_browser_shows_it_at_any_width_in_both_themes_and_on_paper() -> None:
    from playwright.sync_api import sync_playwright

    make_study("encoder", 70)
    make_training("encoder", METRICS)
    make_study("head", 10, "a long name of a choice that has many words in it")
    path = latentune.report(["encoder", "head"]).path.absolute()
    asked: list[str] = []
    with sync_playwright() as play:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=options)
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        for width in (360, 900, 1600):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        papers = []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            papers.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            assert page.evaluate(LOW_CONTRASTS) == []
        assert papers[0] != papers[1]
        levels = page.evaluate(
            "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))"
        )
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        unnamed = "img:not([alt]), svg:not([aria-label]):not([aria-hidden]), html:not([lang])"
        assert page.locator(f"{unnamed}, th:not([scope])").count() == 0
        assert page.pdf().startswith(b"%PDF")
        browser.close()
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]


LOW_CONTRASTS = """() => {
  const light = color => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest('pre')) continue;
    const style = getComputedStyle(element);
    const ink = light(element instanceof SVGElement ? style.fill : style.color);
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (ratio < 4.5) found.push(`${element.tagName} ${ratio.toFixed(2)} ${element.textContent}`);
  }
  return found;
}"""
