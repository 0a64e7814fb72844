"""The console as an operator meets it: the real server, a real Chromium, its content policy in force."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import chromium, serious_violations
from tests.console.world import OPERATOR
from tests.live_server import wait_for

pytestmark = pytest.mark.browser
CODE = re.compile(rf"Mail to {re.escape(OPERATOR)}.*?([B-Z]{{4}}-[B-Z]{{4}})", re.DOTALL)


@pytest.fixture(scope="module")
def server(live_billing):
    made = live_billing.manage("shell", "-c", "from tests.console.world import build; build()")
    assert made.returncode == 0, made.stderr
    return live_billing


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def signed_in(server, browser):
    page = browser.new_page()
    codes = len(CODE.findall(server.log))
    page.goto(f"{server.url}/admin/")
    page.get_by_label("E-mail address").fill(OPERATOR)
    page.get_by_role("button", name="Send me a code").click()
    assert wait_for(lambda: len(CODE.findall(server.log)) > codes)
    page.get_by_label("Sign-in code").fill(CODE.findall(server.log)[-1])
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{server.url}/admin/")
    return page.context.storage_state()


@pytest.fixture(params=["light", "dark"])
def page(request, server, browser, signed_in):
    """A page that fails its test if the browser complains, as it does of what the content policy forbids."""
    context = browser.new_context(
        base_url=server.url,
        storage_state=signed_in,
        color_scheme=request.param,
        viewport={"width": 1440, "height": 900},
    )
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def test_it_leads_from_the_first_page_to_why(page):
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Events a day")).to_be_visible()
    page.locator("a[href='/admin/metering/customer/']").first.click()
    page.get_by_role("link", name="Orbit", exact=True).click()
    page.get_by_role("link", name="To month end").click()
    page.get_by_label("Reason for this change").fill("Show a month")
    page.get_by_role("button", name="Move and bill").click()
    message = page.get_by_text(re.compile(r"The clock says .* Invoiced:"))
    expect(message).to_be_visible()
    message.get_by_role("link").last.click()
    expect(page.get_by_role("heading", name="Lines")).to_be_visible()
    page.get_by_role("row", name="Tokens").get_by_role("link", name="Why?").click()
    expect(page.get_by_role("heading", name="How the amount comes about")).to_be_visible()
    page.get_by_role("link", name="Recompute").click()
    expect(page.get_by_text("every digit of the line is the same")).to_be_visible()


def test_it_edits_a_plan_of_two_phases_tries_its_price_and_publishes_it(page, request):
    page.goto("/admin/pricing/plan/add/")
    page.get_by_label("Name").first.fill("Metered")
    page.get_by_label("Key").first.fill(f"plan_{request.node.callspec.id}")
    card = page.locator(".console-card").first
    card.get_by_label("Name").first.fill("Tokens")
    card.get_by_label("Feature").select_option(label="orbit_tokens")
    expect(card.get_by_label("Amount")).to_be_visible()
    card.get_by_label("Price", exact=False).first.select_option("graduated")
    expect(card.get_by_label("Amount")).to_be_hidden()
    card.get_by_label("Up to of tier 1").fill("500")
    card.get_by_label("Price per unit of tier 1").fill("0.02")
    card.get_by_role("button", name="Add a tier").click()
    expect(card.get_by_label("Up to of tier 3")).to_be_visible()
    card.get_by_label("Up to of tier 2").fill("1000")
    card.get_by_label("Price per unit of tier 2").fill("0.015")
    card.get_by_label("Price per unit of tier 3").fill("0.01")
    page.get_by_label("Quantity").fill("1500")
    # 500 x 0.02 + 500 x 0.015 + 500 x 0.01
    expect(page.get_by_text("22.50 USD")).to_be_visible()
    card.get_by_label("Price per unit of tier 3").fill("0.03")
    # 500 x 0.02 + 500 x 0.015 + 500 x 0.03
    expect(page.get_by_text("32.50 USD")).to_be_visible()
    page.get_by_role("button", name="Add a phase").click()
    second = page.locator(".console-phase").nth(1)
    second.get_by_label("Name").first.fill("Later")
    second.get_by_label("Key").first.fill("later")
    second.get_by_label("Name").nth(1).fill("Fee")
    second.get_by_label("Key").nth(1).fill("fee")
    second.get_by_label("Amount").fill("9")
    page.get_by_label("Lasts").first.fill("P1M")
    page.get_by_role("button", name="Move the phase up").press("Enter")
    expect(page.get_by_label("Lasts").nth(1)).to_have_value("P1M")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Say how long the phase")).to_be_visible()
    page.get_by_role("button", name="Move the phase down").click()
    expect(page.get_by_label("Lasts").first).to_have_value("P1M")
    page.get_by_label("Lasts").first.press("Enter")
    page.get_by_role("link", name="Metered").first.click()
    expect(card.get_by_label("Price per unit of tier 2")).to_have_value("0.015")
    assert serious_violations(page) == []
    page.get_by_role("link", name="Publish").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("is in force for new subscriptions")).to_be_visible()
    expect(page.get_by_role("heading", name="Later (later), until the end")).to_be_visible()
    assert serious_violations(page) == []


def test_it_shows_the_end_of_a_subscription_before_it_is_confirmed_and_takes_it_back(page):
    page.goto("/admin/pricing/subscription/")
    # Other tests of this server may have sold a plan of the same name.
    page.get_by_role("row", name="Orbit").get_by_role("link", name="Pro", exact=True).click()
    timeline = page.locator(".timeline")
    expect(timeline.get_by_text("20.00 USD", exact=True)).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Show the effect").click()
    expect(page.get_by_role("row", name="Base fee").get_by_text("ends")).to_be_visible()
    page.get_by_role("button", name="Cancel the subscription").click()
    expect(timeline.get_by_text(re.compile("^Ends 2026-"))).to_be_visible()
    page.get_by_role("link", name="Take cancellation back").click()
    page.get_by_role("button", name="Show the effect").click()
    page.get_by_role("button", name="Take the cancellation back").click()
    expect(timeline.get_by_text(re.compile("^Ends 2026-"))).to_have_count(0)
    expect(page.get_by_text(re.compile("^Goes on: its end at")).first).to_be_visible()
    assert serious_violations(page) == []


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/metering/customer/", "/admin/metering/event/", "/admin/invoicing/invoice/"]
)
def test_its_own_parts_are_accessible(page, path):
    page.goto(path)
    assert serious_violations(page) == []
