"""The docs site: builds, contains what comes from the code, refuses dead links, fetches from no other host."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_viewer_browser import CHROMIUM, FLAGS

import motion2language

pytest.importorskip("zensical", reason="needs Zensical: pip install 'motion2language[docs]'")
ROOT = Path(__file__).parent.parent


def build(folder: Path) -> subprocess.CompletedProcess:
    """Build the site of a copy of the project."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    script = folder / "docs" / "site.py"
    return subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, check=False)


def copy(folder: Path) -> Path:
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = copy(tmp_path_factory.mktemp("project"))
    done = build(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "site"


def test_every_page_is_built_and_generated(site):
    pages = {page.relative_to(site).as_posix() for page in site.rglob("*.html")}
    ours = {page.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    assert pages == ours | {"404.html", "reference/commands.html", "reference/python.html"}


def test_commands_and_python_names_are_those_of_the_code(site):
    commands = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for expected in ('id="m2l-caption"', "--action-words", "Describe recordings: prints one line per segment"):
        assert expected in commands
    names = re.findall(
        r'<h3 id="[^"]*">([A-Za-z_]+)<', (site / "reference" / "python.html").read_text(encoding="utf-8")
    )
    assert set(motion2language.__all__) <= set(names)
    assert len(names) > 60


@pytest.mark.parametrize(
    ("added", "complaint"),
    [
        ("[lost](nowhere.md)", "page does not exist"),
        ("[lost](results.md#nowhere)", "anchor does not exist"),
        ('<img src="https://elsewhere.example/picture.png">', "fetch from other hosts"),
    ],
)
def test_dead_links_and_other_hosts_fail_the_build(tmp_path, added, complaint):
    page = copy(tmp_path) / "docs" / "index.md"
    page.write_text(f"{page.read_text(encoding='utf-8')}\n{added}\n", encoding="utf-8")
    done = build(tmp_path)
    assert done.returncode == 1
    assert complaint in done.stdout + done.stderr


def test_a_page_without_a_link_to_it_fails_the_build(tmp_path):
    (copy(tmp_path) / "docs" / "alone.md").write_text("# Alone\n")
    done = build(tmp_path)
    assert done.returncode == 1
    assert "alone.md" in done.stderr


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_pages_open_in_a_browser_and_fetch_from_no_other_host(site):
    playwright = pytest.importorskip("playwright.sync_api")
    asked, complaints = set(), []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda request: asked.add(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        names = ("index", "concepts", "guide/caption", "guide/labelled-recordings")
        for name in (*names, "reference/commands", "reference/python", "results"):
            page.goto((site / f"{name}.html").as_uri(), wait_until="networkidle")
            if folder := os.environ.get("M2L_SCREENSHOTS"):
                page.screenshot(path=Path(folder) / f"docs_{name.replace('/', '_')}.png")
            assert page.locator("h1").first.is_visible()
            broken = "[...document.images].filter((image) => !image.naturalWidth).map((image) => image.src)"
            assert page.evaluate(broken) == []
            clipped = (
                "[...document.querySelectorAll('pre code')].filter((code) => code.scrollWidth > code.clientWidth + 1)"
            )
            assert page.evaluate(f"{clipped}.map((code) => code.textContent)") == []
        browser.close()
    assert complaints == []
    assert {url for url in asked if not url.startswith(("file://", "data:", "blob:"))} == set()
