"""A real Chromium for tests marked `browser`, and what an accessibility checker says of a page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SERIOUS = {"serious", "critical"}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium without a window; the test is skipped where none is installed."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("No Chromium is installed (apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()


def serious_violations(page: Page) -> list[str]:
    """Return the serious accessibility violations of a page, each with the elements that it is about."""
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {', '.join(str(node['target'][0]) for node in violation['nodes'])}"
        for violation in found
        if violation["impact"] in _SERIOUS
    ]
