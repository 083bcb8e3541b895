"""The page in a real browser: silent, closed, usable with the keyboard, readable on a phone, sound to axe-core."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import ROOT

pytest.importorskip("playwright", reason="playwright is not installed: `make setup` does it")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Request

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BANK = ROOT / "tests/graph/pages/bank-of-anthos.html"
FOREIGN = ROOT / "tests/graph/pages/foreign.html"
HOSTILE = ROOT / "tests/graph/hostile/names.html"
PAGES = (BANK, FOREIGN, HOSTILE)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield running
        running.close()


class Visit:
    """A page that was opened, and everything it did that it should not."""

    def __init__(self, browser: Browser, path: Path, fragment: str = "", **context: object) -> None:
        self.noise: list[str] = []
        self.page: Page = browser.new_context(offline=False, **context).new_page()  # type: ignore[arg-type]
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.noise.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.noise.append(f"dialog: {dialog.message}"))
        self.page.on("request", self._asked)
        self.stopped: list[str | None] = []
        self.page.on("requestfailed", lambda request: self.stopped.append(request.failure))
        self.url = path.as_uri()
        self.page.goto(self.url + fragment)

    def _hear(self, message: ConsoleMessage) -> None:
        self.noise.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if request.url.partition("#")[0] != self.url:
            self.noise.append(f"request: {request.url}")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_asks_nobody_and_complains_of_nothing(browser: Browser, path: Path) -> None:
    visit = Visit(browser, path)
    visit.page.fill("#filter", "shop")
    visit.page.emulate_media(media="print")
    visit.page.emulate_media(media="screen", color_scheme="dark")
    assert visit.noise == []


def test_what_is_not_ours_does_not_run(browser: Browser) -> None:
    """The policy of the page holds: a script that got in would be refused, and said so."""
    visit = Visit(browser, HOSTILE)
    visit.page.evaluate(
        """() => { const one = document.createElement("script"); one.textContent = "window.ran = 1";
        document.body.append(one); const image = new Image(); image.src = "http://127.0.0.1:9/x";
        document.body.append(image); }"""
    )
    assert visit.page.evaluate("() => window.ran") is None
    assert any("Content Security Policy" in one for one in visit.noise)
    assert visit.stopped == ["csp"], "the browser itself stopped the request"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_axe_finds_nothing(browser: Browser, path: Path, width: int, scheme: str) -> None:
    visit = Visit(browser, path, viewport={"width": width, "height": 900}, color_scheme=scheme)
    visit.page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = Axe().run(visit.page)
    assert found.violations_count == 0, found.generate_report()


def test_every_cell_is_reached_with_the_keyboard_and_leads_to_its_rules(browser: Browser) -> None:
    page = Visit(browser, BANK).page
    wanted = page.locator("td.open a").count()
    assert wanted == 40
    seen: list[str] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => { const one = document.activeElement; const cell = one.closest("td.open");
                if (!cell) return ""; const style = getComputedStyle(one);
                return `${cell.parentElement.querySelector("th").textContent}|${cell.dataset.server}|`
                  + `${one.getAttribute("href")}|${style.outlineStyle} ${style.outlineWidth}`; }"""
            )
        )
    cells = [one for one in seen if one]
    assert len(set(cells)) == wanted
    assert all(one.endswith("|solid 3px") for one in cells), "where the focus is can be seen"
    page.locator('td.open[data-server="bank/userservice"] a').first.focus()
    page.keyboard.press("Enter")
    rules = page.locator(".rules:target")
    assert rules.is_visible(), "the link opens what was closed"
    text = rules.inner_text()
    for place in ("networkpolicy-allow-frontend.yaml:33:7", "peerauthentication-default.yaml:16:11"):
        assert place in text
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Back to the matrix"


def test_the_picture_leads_to_the_rules_too(browser: Browser) -> None:
    page = Visit(browser, BANK).page
    page.locator("svg a").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".rules:target").is_visible()


def test_screen_readers_get_landmarks_headers_and_words(browser: Browser) -> None:
    page = Visit(browser, FOREIGN).page
    tree = page.locator("body").aria_snapshot()
    for part in (
        "banner:",
        "main:",
        'navigation "On this page"',
        "search",
        'region "Matrix"',
        'region "Picture"',
        "contentinfo:",
        'columnheader "shop/api"',
        'rowheader "shop/web"',
        'link "443/TCP (unknown)"',
        'cell "no"',
    ):
        assert part in tree, part
    assert set(page.locator(".layer.unknown .unseen").all_text_contents()) == {"unknown"}


def test_the_filter_leaves_what_was_asked_for(browser: Browser) -> None:
    page = Visit(browser, BANK).page
    page.fill("#filter", "ledger-db 5432")
    assert page.locator("output").inner_text() == "1 of 12 connections"
    assert page.locator(".edge:visible").count() == 1
    assert page.locator(".matrix tbody tr:visible th").all_inner_texts() == [
        "bank/balancereader",
        "bank/ledgerwriter",
        "bank/transactionhistory",
    ]
    page.fill("#filter", "")
    assert page.locator(".edge:visible").count() == 12


def test_without_scripts_the_page_says_all_the_same(browser: Browser) -> None:
    page = Visit(browser, BANK, "#edge-2", java_script_enabled=False).page
    assert page.locator("#edge-2").is_visible()
    assert not page.locator(".filter").is_visible()
    assert page.locator("td.open").count() == 40


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_nothing_sticks_out_of_the_screen(browser: Browser, path: Path, width: int) -> None:
    page = Visit(browser, path, viewport={"width": width, "height": 900}).page
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_paper_gets_every_rule(browser: Browser) -> None:
    page = Visit(browser, BANK).page
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(".rules:visible").count() == 12
    assert not page.locator("nav").is_visible()


@pytest.mark.parametrize(
    "name",
    [
        "docs/bank-of-anthos.svg",
        "tests/graph/pages/foreign.svg",
        "tests/graph/pages/long-names.svg",
        "tests/graph/hostile/names.svg",
    ],
)
def test_texts_of_a_picture_stay_inside_their_boxes(browser: Browser, name: str) -> None:
    visit = Visit(browser, ROOT / name)
    sticking = visit.page.evaluate(
        """() => [...document.querySelectorAll("g.node, g.label")].flatMap((group) => {
          const box = [...group.querySelectorAll("rect")].at(-1).getBBox();
          return [...group.querySelectorAll("text")].filter((text) => { const own = text.getBBox();
            return own.x < box.x || own.x + own.width > box.x + box.width || own.y < box.y
              || own.y + own.height > box.y + box.height; }).map((text) => text.textContent); })"""
    )
    assert sticking == []
    titles = visit.page.evaluate(
        """() => { const bands = [...document.querySelectorAll("rect.band")].map((one) => one.getBBox());
          return [...document.querySelectorAll("text.title")].filter((text) => { const own = text.getBBox();
            return !bands.some((band) => own.x > band.x && own.x + own.width < band.x + band.width); }).length; }"""
    )
    assert titles == 0
    off_paper = visit.page.evaluate(
        """() => [...document.querySelectorAll("text")].filter((text) => { const own = text.getBBox();
          return own.x < 0 || own.x + own.width > document.documentElement.viewBox.baseVal.width; }).length"""
    )
    assert off_paper == 0
    assert visit.noise == []
