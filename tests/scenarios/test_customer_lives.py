"""Six kinds of business, each a customer's life on a test clock over real HTTP, to the cent."""

import pytest

from tests.scenarios.lives import Life, graduated, unit


@pytest.fixture
def life(live_billing, request):
    return Life(live_billing, request.node.name.removeprefix("test_")[:24].rstrip("_"))


def test_ai_api_by_complexity_of_the_analysis(life):
    life.meter("analyses", "COUNT", groupBy={"complexity": "$.complexity"})
    cells = [{"match": {"complexity": "simple"}, "price": unit("0.02")}]
    cells.append({"match": {"complexity": "deep"}, "price": unit("0.35")})
    matrix = {"type": "matrix", "dimensions": ["complexity"], "cells": cells, "default": unit("0.10")}
    life.plan("analyst", life.usage("analyses", matrix))
    life.customer()
    life.subscribe("analyst")
    for day, complexity, times in ((3, "simple", 12), (4, "deep", 3), (5, "medium", 2)):
        for _ in range(times):
            life.use("analyses", f"01-{day:02}T10:00", complexity=complexity)
    life.to("02-01T02:00")
    # 12 x 0.02 + 3 x 0.35 + 2 x 0.10 = 0.24 + 1.05 + 0.20
    assert life.totals() == ["1.49"]
    life.use("analyses", "01-20T10:00", complexity="deep")
    life.use("analyses", "02-02T10:00", complexity="simple")
    life.to("03-01T02:00")
    # February's 1 x 0.02, and the deep one of January that came late, 0.35.
    assert life.totals() == ["1.49", "0.37"]
    assert sorted(str(line["totals"]["total"]) for line in life.invoices()[1]["lines"]) == ["0.02", "0.35"]
    assert life.recomputes()


def test_saas_with_an_ai_addon(life):
    life.meter("credits")
    card = life.usage("credits", unit("0.004"))
    assistant = life.fee("15", key="assistant", name="AI assistant")
    offer = {"key": f"{life.name}_ai", "name": "AI", "currency": "USD", "instanceType": "single"}
    addon = life.post("/addons", offer | {"rateCards": [assistant, card]})
    life.post(f"/addons/{addon['id']}/publish")
    phase = {"key": "default", "name": "Default", "duration": None, "rateCards": [life.fee("49")]}
    body = {"key": f"{life.name}_seats", "name": "Seats", "currency": "USD", "billingCadence": "P1M", "phases": [phase]}
    plan = life.post("/plans", body)
    life.post(f"/plans/{plan['id']}/addons", {"addonId": addon["id"], "fromPlanPhase": "default"})
    life.post(f"/plans/{plan['id']}/publish")
    life.customer()
    subscription = life.subscribe("seats")
    life.to("01-17T00:00")
    assert life.totals() == ["49.00"]
    taken = {"addon": {"id": addon["id"]}, "name": "AI", "quantity": 1, "timing": "immediate"}
    life.post(f"/subscriptions/{subscription}/addons", taken)
    life.use("credits", "01-20T09:00", credits=1000)
    life.to("02-01T02:00")
    # From 17 January on 15 of 31 days: 15.00 x 15/31 = 7.258..., rounded 7.26.
    # On 1 February 49.00 and 15.00 in advance, and 1,000 x 0.004 = 4.00 of January.
    assert life.totals() == ["49.00", "7.26", "68.00"]
    assert life.lines(2) == {"Base fee": "49.00", "AI assistant": "15.00", "Credits": "4.00"}
    assert life.recomputes()


def test_departments_by_quarter(life):
    life.meter("gpu_hours")
    life.meter("jobs", "COUNT")
    life.plan(
        "internal",
        life.usage("gpu_hours", unit("2.50"), "P3M"),
        life.usage("jobs", unit("12"), "P3M"),
        cadence="P3M",
    )
    for department in ("vision", "speech"):
        life.customer(department, usageAttribution={"subjectKeys": [f"{life.name}-{department}-team"]})
        life.subscribe("internal", department)
    vision, speech = (f"{life.name}-{department}-team" for department in ("vision", "speech"))
    life.use("gpu_hours", "01-10T12:00", subject=vision, gpu_hours=100.25)
    life.use("gpu_hours", "03-10T12:00", subject=vision, gpu_hours=40)
    life.use("gpu_hours", "02-10T12:00", subject=speech, gpu_hours=8)
    for day in (5, 6, 7):
        life.use("jobs", f"02-{day:02}T12:00", subject=vision)
    life.to("04-01T02:00")
    # 140.25 x 2.50 = 350.625, rounded 350.63, and 3 x 12.00; the other 8 x 2.50.
    assert life.totals("vision") == ["386.63"]
    assert life.totals("speech") == ["20.00"]
    # The team worked for the other department from March on: 40 hours move over.
    other = life.get(f"/customers/{life.name}-speech")["id"]
    move = {"customerId": other, "from": "2027-03-01T00:00:00Z", "reason": "Reorganised"}
    life.post(f"/subjects/{vision}/move", move)
    life.to("07-01T02:00")
    # 100.25 x 2.50 = 250.625, rounded 250.63, less 350.63; 48 x 2.50 = 120.00, less 20.00.
    assert life.totals("vision") == ["386.63", "-100.00"]
    assert life.totals("speech") == ["20.00", "100.00"]
    assert life.invoices("vision")[1]["type"] == "credit_note"
    assert life.recomputes("vision") and life.recomputes("speech")


def test_free_tier_and_upgrade(life):
    life.meter("requests")
    included = {"usage": {"quantity": "1000"}}
    life.plan("free", life.usage("requests", unit("0.01"), discounts=included))
    life.plan("paid", life.fee("20"), life.usage("requests", unit("0.005"), discounts=included))
    life.customer()
    subscription = life.subscribe("free")
    life.use("requests", "01-05T12:00", requests=800)
    life.to("01-16T00:00")
    life.post(f"/subscriptions/{subscription}/change", {"timing": "immediate", "plan": {"key": f"{life.name}_paid"}})
    life.use("requests", "01-20T12:00", requests=700)
    life.to("02-01T02:00")
    totals = life.totals()
    # The fee from 16 January on: 20.00 x 16/31 = 10.322..., rounded 10.32. Of the 1,000 free requests 800 were used on
    # the free plan, so 500 of 700 are paid: 2.50, with 20.00 for February.
    assert (totals[0], totals[-1]) == ("10.32", "22.50")
    assert sum(map(float, totals)) == pytest.approx(32.82)
    assert life.recomputes()


def test_minutes_with_overage(life):
    life.meter("minutes")

    def minutes(free, price):
        return life.usage("minutes", unit(price), discounts={"usage": {"quantity": free}})

    life.plan("starter", life.fee("10"), minutes("60", "0.25"))
    life.plan("pro", life.fee("49"), minutes("600", "0.10"))
    life.customer()
    subscription = life.subscribe("starter")
    life.use("minutes", "01-05T12:00", minutes=50)
    life.use("minutes", "01-06T12:00", minutes=25)
    life.to("02-01T02:00")
    # 75 minutes are 15 over: 15 x 0.25 = 3.75, with 10.00 for February.
    assert life.totals() == ["10.00", "13.75"]
    change = {"timing": "next_billing_cycle", "plan": {"key": f"{life.name}_pro"}}
    life.post(f"/subscriptions/{subscription}/change", change)
    life.use("minutes", "02-10T12:00", minutes=60)
    life.use("minutes", "03-10T12:00", minutes=640.5)
    life.to("04-01T02:00")
    # February used up what is included. March: 49.00 in advance; 40.5 x 0.10 = 4.05, with April's 49.00.
    assert life.totals()[2:] == ["49.00", "53.05"]
    assert life.recomputes()


def test_compute_with_minimum_and_tax(life):
    life.post("/tax-rates", {"name": "VAT", "country": "LU", "percentage": "17", "validFrom": "2026-01-01T00:00:00Z"})
    life.meter("cpu_hours")
    life.meter("gpu_hours")
    life.meter("memory_gbh")
    life.meter("storage_gb", "LATEST")
    package = {"type": "package", "amount": "5.00", "quantityPerPackage": "100"}
    life.plan(
        "compute",
        life.usage("cpu_hours", unit("0.04")),
        life.usage("gpu_hours", unit("1.90")),
        life.usage("memory_gbh", graduated(("2000", "0.005"), (None, "0.004"))),
        life.usage("storage_gb", package),
        minimumAmount="100.00",
    )
    life.customer(billingAddress={"country": "LU"})
    life.subscribe("compute")
    life.use("cpu_hours", "01-05T12:00", cpu_hours=1200)
    life.use("gpu_hours", "01-06T12:00", gpu_hours=15.5)
    wrong = life.use("gpu_hours", "01-07T12:00", gpu_hours=5)
    life.use("memory_gbh", "01-08T12:00", memory_gbh=5000)
    for day, gigabytes in ((9, 600), (19, 730), (29, 410)):
        life.use("storage_gb", f"01-{day:02}T12:00", storage_gb=gigabytes)
    life.to("02-01T02:00")
    # 1,200 x 0.04 = 48.00; 20.5 x 1.90 = 38.95; 2,000 x 0.005 + 3,000 x 0.004 = 22.00; 410 GB are 5 packages: 25.00.
    # Together 133.95, above the minimum; 17 % of it are 22.7715, rounded 22.77.
    assert life.totals() == ["156.72"]
    life.post("/events/void", {"events": [{"id": wrong, "source": life.name}], "reason": "Sent twice"})
    life.use("cpu_hours", "02-05T12:00", cpu_hours=1000)
    life.to("03-01T02:00")
    # February is filled up from 40.00 to 100.00. January's 5 void GPU hours give back 9.50: 90.50, and 17 % are 15.385,
    # rounded 15.39.
    assert life.totals()[1:] == ["105.89"]
    assert life.recomputes()
