"""The portal as a person meets it: the real server, a real Chromium."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser import chromium, serious_violations
from tests.live_server import wait_for
from tests.portal.live_world import EMAIL, event_body

pytestmark = pytest.mark.browser
CODE = re.compile(rf"Mail to {re.escape(EMAIL)}.*?([B-Z]{{4}}-[B-Z]{{4}})", re.DOTALL)
PAGES = ["/", "/?by=model&period=90d", "/invoices/", "/plan/"]


@pytest.fixture(scope="module")
def server(live_billing):
    made = live_billing.manage("shell", "-c", "from tests.portal.live_world import build; build()")
    assert made.returncode == 0, made.stderr
    return live_billing


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def signed_in(server, browser):
    """The cookies of somebody who went through sign-in."""
    page = browser.new_page()
    sign_in(page, server)
    return page.context.storage_state()


@pytest.fixture(params=["light", "dark"])
def page(request, server, browser, signed_in):
    context = browser.new_context(
        base_url=server.url,
        storage_state=signed_in,
        color_scheme=request.param,
        viewport={"width": 1280, "height": 900},
    )
    yield context.new_page()
    context.close()


def sign_in(page, server):
    codes = len(CODE.findall(server.log))
    page.goto(f"{server.url}/plan/")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_role("button", name="Send me a code").click()
    assert wait_for(lambda: len(CODE.findall(server.log)) > codes)
    page.get_by_label("Sign-in code").fill(CODE.findall(server.log)[-1])
    page.get_by_role("button", name="Sign in").click()


def test_it_signs_in_by_the_code_on_the_terminal_and_out_again(server, browser):
    page = browser.new_page()
    sign_in(page, server)
    expect(page).to_have_url(f"{server.url}/plan/")
    expect(page.get_by_role("heading", name="Pro")).to_be_visible()
    page.locator("summary", has_text="Harbour Ltd").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.goto(f"{server.url}/plan/")
    expect(page).to_have_url(f"{server.url}/accounts/login/code/?next=/plan/")
    page.close()


def test_it_moves_bill_and_chart_when_an_event_arrives(server, page, request):
    page.goto("/?by=model")
    bill, total = page.locator("#bill-total"), page.locator("#usage-total")
    before, used = bill.inner_text(), _number(total)
    # A model of its own, so that the legend changes too.
    model = f"model-{request.node.callspec.id}"
    body = event_body(request.node.callspec.id, tokens=500, at=datetime.now(UTC) - timedelta(minutes=1), model=model)
    answer = server.request("/api/v1/events", body, Content_Type="application/cloudevents+json")
    assert answer.status == 204
    expect(total).to_have_text(f"{used + 500:,}", timeout=20_000)
    expect(page.get_by_role("columnheader", name=model)).to_be_visible()
    # The first 100 tokens of the period cost 0.10, all others 0.05.
    expect(bill).not_to_have_text(before, timeout=20_000)
    assert _cents(bill.inner_text()) - _cents(before) in (500 * 5, 100 * 10 + 400 * 5)


def test_it_changes_the_chart_by_a_choice_without_a_reload(page):
    page.goto("/")
    page.evaluate("window.isSamePage = true")
    page.get_by_label("Split by").select_option("model")
    expect(page.get_by_role("columnheader", name="Day")).to_be_visible()
    expect(page).to_have_url(re.compile(r"by=model"))
    page.get_by_label("Period", exact=True).select_option("90d")
    expect(page.get_by_role("columnheader", name="large")).to_be_visible()
    assert page.evaluate("window.isSamePage")
    page.go_back()
    expect(page.get_by_label("Period", exact=True)).to_have_value("this")


def test_it_leads_from_the_invoice_to_the_events_and_recomputes(page):
    page.goto("/invoices/")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    # 20.00 in advance + 100 x 0.10 + 50 x 0.05
    expect(page.get_by_role("row", name="Total").last).to_contain_text("$32.50")
    page.get_by_role("link", name="Why? Tokens").click()
    expect(page.get_by_text("Tier 2: 50 units from 100 to 150 at 0.05 each = 2.50")).to_be_visible()
    page.get_by_role("button", name="Recompute").click()
    expect(page.get_by_text("Every digit is the same.")).to_be_visible()
    assert serious_violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="All as CSV").click()
    assert download.value.path().read_text().count("\n") == 2


@pytest.mark.parametrize("path", PAGES)
def test_it_is_accessible_and_breaks_no_rule_of_its_content_policy(page, path):
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(path, wait_until="networkidle")
    assert serious_violations(page) == []
    assert complaints == []


@pytest.mark.parametrize("path", ["/accounts/login/code/", "/nowhere/"])
def test_it_is_accessible_to_visitors(server, browser, path):
    page = browser.new_page()
    page.goto(server.url + path)
    assert serious_violations(page) == []
    page.close()


@pytest.mark.parametrize("path", PAGES)
def test_it_fits_a_phone_without_sideways_scrolling(server, browser, signed_in, path):
    context = browser.new_context(storage_state=signed_in, viewport={"width": 360, "height": 700})
    page = context.new_page()
    page.goto(server.url + path)
    width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width == [360, 360]
    context.close()


def test_it_fits_a_phone_where_usage_came_under_many_subjects(server, browser, signed_in):
    context = browser.new_context(base_url=server.url, storage_state=signed_in, viewport={"width": 360, "height": 700})
    page = context.new_page()
    page.goto("/invoices/")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    page.get_by_role("link", name="Why? Tokens").click()
    cell = page.get_by_role("row", name="Sent under").get_by_role("cell")
    cell.evaluate("cell => { cell.textContent = 'a-team-at-harbour, '.repeat(5) + 'x'.repeat(100) }")
    width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width == [360, 360]
    context.close()


def test_an_invoice_and_its_document_fit_a_phone_and_are_accessible(server, browser, signed_in):
    context = browser.new_context(base_url=server.url, storage_state=signed_in, viewport={"width": 360, "height": 700})
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto("/invoices/")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    for heading in ("Lines", "Invoice"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert width == [360, 360]
        if heading == "Lines":
            assert serious_violations(page) == []
            page.get_by_role("link", name="View to print").click()
    # Its policy lets no script in, not even the checker's; but its own style applies.
    assert page.locator("main").evaluate("main => getComputedStyle(main).maxWidth") != "none"
    assert complaints == []
    context.close()


def test_it_works_without_script(server, browser, signed_in):
    context = browser.new_context(base_url=server.url, storage_state=signed_in, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Split by").select_option("model")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"by=model"))
    page.goto("/invoices/")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    page.get_by_role("link", name="Why? Tokens").click()
    page.get_by_role("button", name="Recompute").click()
    expect(page.get_by_text("Every digit is the same.")).to_be_visible()
    context.close()


def _cents(text):
    return int(re.sub(r"\D", "", text))


def _number(element):
    return int(element.inner_text().replace(",", ""))
