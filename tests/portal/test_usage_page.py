import re

from django.db.models import F

from metering.models import Meter, TestClock
from tests.factories import CustomerFactory, MemberFactory
from tests.invoicing.contracts import day
from tests.portal.conftest import use
from tests.portal.pages import rows_of, text_of

HTMX = {"HX-Request": "true"}
FIGURES = {**HTMX, "HX-Target": "usage-figures"}


def test_it_shows_the_open_bill_with_the_price_of_each_line(portal):
    response = portal.get("/")
    # 20.00 for February in advance + 100 x 0.10 + 60 x 0.05 = 33.00
    assert re.search(r'id="bill-total">\$33\.00<', response.content.decode())
    assert rows_of(response, "Lines of the open bill")[1:] == [
        ["Base fee In advance, Feb 1 - 28, 2026", "", "$20.00"],
        ["Tokens", "160", "$13.00"],
        ["Tier 1: 100 units from 0 to 100 at 0.1 each = 10.00"],
        ["Tier 2: 60 units from 100 to 160 at 0.05 each = 3.00"],
    ]


def test_it_tells_the_period_and_what_is_left_of_it(portal):
    page = text_of(portal.get("/"))
    # 20 January to 1 February
    assert "Period Jan 1 - 31, 2026 Days left 12 Bill on Feb 1, 2026 Plan Pro" in page
    # 19.5 of 31 days, in whole percent
    assert "62 %" in page


def test_it_shows_usage_by_day_newest_first_up_to_today(portal):
    rows = rows_of(portal.get("/"), "Usage by day")
    assert rows[0] == ["Day", "Total"]
    assert rows[1:3] == [["Jan 20, 2026", "0"], ["Jan 19, 2026", "40"]]
    assert rows[16] == ["Jan 5, 2026", "120"]
    assert rows[20:] == [["Jan 1, 2026", "0"], ["Total", "160"]]


def test_it_splits_usage_by_a_group_with_the_largest_first(portal):
    rows = rows_of(portal.get("/", {"by": "model"}), "Usage by day")
    assert rows[0] == ["Day", "large", "small", "Total"]
    assert rows[2] == ["Jan 19, 2026", "40", "0", "40"]
    assert rows[16] == ["Jan 5, 2026", "90", "30", "120"]
    assert rows[21] == ["Total", "130", "30", "160"]


def test_it_draws_a_bar_for_each_day_with_usage(portal):
    body = portal.get("/", {"by": "model"}).content.decode()
    assert body.count('class="day"') == 31
    # The axis goes to 150 for 120 tokens: 90 of them are 60 % high, from 40 % down.
    assert 'class="bar s0" x="13.355%" width="2.323%" y="40.000%" height="60.000%"' in body
    assert body.count('class="bar ') == 3
    assert "Jan 5, 2026: 120\nlarge: 90\nsmall: 30" in body


def test_it_shows_the_period_before(portal, customer):
    TestClock.objects.update(now_at=day(2, 10))
    use(customer, 7, "large", day(2, 3))
    this, last = portal.get("/"), portal.get("/", {"period": "last"})
    assert rows_of(this, "Usage by day")[-1] == ["Total", "7"]
    assert rows_of(last, "Usage by day")[-1] == ["Total", "160"]
    assert rows_of(last, "Usage by day")[1][0] == "Jan 31, 2026"


def test_it_offers_no_period_before_the_first(portal):
    assert "Last period" not in text_of(portal.get("/"))


def test_it_counts_the_last_30_days_with_today(portal):
    rows = rows_of(portal.get("/", {"period": "30d"}), "Usage by day")
    assert (rows[1][0], rows[30][0]) == ("Jan 20, 2026", "Dec 22, 2025")
    assert len(rows) == 32


def test_it_cuts_days_in_the_zone_of_the_subscription(portal, customer):
    customer.subscriptions.update(time_zone="America/New_York", billing_anchor=F("billing_anchor"))
    rows = rows_of(portal.get("/", {"period": "30d"}), "Usage by day")
    # Midnight of 19 January in UTC is still the 18th in New York.
    assert [row for row in rows if row[1] != "0"][1:-1] == [["Jan 18, 2026", "40"], ["Jan 5, 2026", "120"]]


def test_it_falls_back_to_what_there_is_for_a_choice_that_cannot_be(portal):
    response = portal.get("/", {"feature": "nope", "period": "nope", "by": "nope"})
    assert rows_of(response, "Usage by day")[-1] == ["Total", "160"]


def test_it_answers_htmx_with_the_usage_alone(portal):
    response = portal.get("/", {"by": "model"}, headers=HTMX)
    body = response.content.decode()
    assert "<html" not in body
    assert "bill-total" not in body
    assert rows_of(response, "Usage by day")[0] == ["Day", "large", "small", "Total"]
    assert response.headers["Vary"] == "HX-Request, Cookie"


def test_it_answers_with_the_whole_page_when_htmx_goes_back_in_history(portal):
    body = portal.get("/", headers={**HTMX, "HX-History-Restore-Request": "true"}).content.decode()
    assert "<html" in body
    assert "bill-total" in body


def test_it_polls_for_figures_and_gets_none_until_they_change(portal, customer):
    poll = _poll(portal.get("/", {"by": "model"}), "usage-figures")
    assert "by=model" in poll
    assert portal.get(poll, headers=FIGURES).status_code == 204
    use(customer, 5, "large", day(1, 20, 11))
    response = portal.get(poll, headers=FIGURES)
    assert response.status_code == 200
    assert rows_of(response, "Usage by day")[1] == ["Jan 20, 2026", "5", "0", "5"]
    assert "select-feature" not in response.content.decode()
    assert portal.get(_poll(response, "usage-figures"), headers=FIGURES).status_code == 204


def test_it_polls_for_the_open_bill_and_gets_it_when_it_moves(portal, customer):
    poll = _poll(portal.get("/"), "bill")
    assert portal.get(poll, headers=HTMX).status_code == 204
    use(customer, 5, "large", day(1, 20, 11))
    response = portal.get(poll, headers=HTMX)
    # 5 x 0.05 more
    assert re.search(r'id="bill-total">\$33\.25<', response.content.decode())
    assert portal.get(_poll(response, "bill"), headers=HTMX).status_code == 204


def test_it_keeps_the_usage_of_others_out(portal):
    other = CustomerFactory(key="other", currency="USD")
    use(other, 1000, "large", day(1, 10))
    assert rows_of(portal.get("/"), "Usage by day")[-1] == ["Total", "160"]


def test_it_has_something_to_say_to_a_customer_without_a_subscription(client, db):
    client.force_login(MemberFactory().user)
    page = text_of(client.get("/"))
    assert "No open bill You have no subscription at present" in page
    assert "No metered usage" in page


def test_it_reads_a_page_with_few_queries(portal, django_assert_max_num_queries):
    with django_assert_max_num_queries(35):
        portal.get("/", {"by": "model"})


def _poll(response, element):
    body = response.content.decode()
    tag = re.search(rf'<[^>]*id="{element}"[^>]*>', body).group()
    return re.search(r'hx-get="([^"]*)"', tag).group(1).replace("&amp;", "&")


def test_it_asks_for_the_total_of_what_does_not_add_up(portal):
    Meter.objects.update(aggregation="UNIQUE_COUNT")
    rows = rows_of(portal.get("/", {"by": "model"}), "Usage by day")
    # 90 and 30 on 5 January, 40 on the 19th: three different values; groups would not add up to them.
    assert (rows[0], rows[2], rows[16], rows[21]) == (
        ["Day", "Total"], ["Jan 19, 2026", "1"], ["Jan 5, 2026", "2"], ["Total", "3"]
    )  # fmt: skip
    Meter.objects.update(aggregation="LATEST")
    assert rows_of(portal.get("/"), "Usage by day")[21] == ["Total", "40"]
