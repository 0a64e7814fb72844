"""OpenMeter's published Node SDK against the real server, by scenarios that run in Node."""


def test_it_ingests_and_queries_usage(node, name):
    found = node("usage")
    assert found["slug"] == name
    assert found["total"] == [{"value": 7, "subject": None}]  # 1 + 2 + "4"
    assert found["days"] == [["2026-01-14T23:00:00.000Z", True, 7]]
    rows = [(row["subject"], row["model"], row["value"]) for row in found["subjects"]]
    assert sorted(rows) == [("acme", "large", 3), ("globex", "small", 4)]
    assert found["filtered"] == found["posted"] == [{"value": 4, "subject": None}]
    assert found["advanced"] == [{"value": 3, "subject": None}]


def test_it_lists_events_by_limit_and_by_cursor(node, name):
    found = node("events")
    newest_first = [f"{name}-{number}" for number in (5, 4, 3, 2, 1)]
    assert found["listed"] == newest_first[:2]
    assert found["walked"] == newest_first
    assert found["areDates"] is True
    assert found["error"].startswith("no customer found for event subject")
    assert found["defaults"] == ["@openmeter/sdk", "1.0", 36]


def test_it_makes_changes_and_deletes_meters(node, name):
    found = node("meters")
    assert (found["made"]["slug"], found["made"]["metadata"]) == (name, {"team": "red"})
    assert (found["changed"]["id"], found["changed"]["name"]) == (found["made"]["id"], "Every token")
    assert sorted(found["models"]) == ["large", "small"]
    assert (found["isListed"], found["gone"]["status"]) == (True, 404)


def test_it_makes_finds_and_deletes_subjects_of_any_key(node):
    found = node("subjects")
    [made] = found["made"]
    assert (made["key"], made["displayName"], made["metadata"]) == (found["key"], "Acme", {"size": 3})
    assert (found["isSame"], found["isListed"], found["gone"]["status"]) == (True, True, 404)


def test_it_makes_finds_changes_and_deletes_customers(node, name):
    found = node("customers")
    made = found["made"]
    assert made["usageAttribution"] == {"subjectKeys": [f"{name}-a", f"{name}-b"]}
    assert (made["currency"], made["billingAddress"]) == ("EUR", {"country": "DE"})
    assert found["page"] == {"items": [made["id"]], "page": 1, "pageSize": 10, "totalCount": 1}
    assert (found["isSame"], found["changed"]["name"], found["changed"]["key"]) == (True, "Acme Ltd", name)
    assert found["gone"]["status"] == 404


def test_it_reads_one_subject_by_a_portal_token(node, name):
    found = node("portal")
    assert (found["token"]["subject"], found["token"]["allowedMeterSlugs"]) == (name, [name])
    assert (found["token"]["token"], found["isAhead"]) == ("string", True)
    assert found["usage"] == [{"value": 5, "subject": name}]
    assert found["listed"] == [[True, None]]
    assert (found["other"]["status"], found["invalidated"]["status"]) == (401, 401)


def test_it_reads_currencies_metrics_and_progress(node, name):
    found = node("info")
    assert found["euro"] == {"code": "EUR", "name": "Euro", "symbol": "€", "subunits": 2}
    assert found["counted"] == [f'openmeter_events_total{{subject="{name}"}} 1']
    assert found["progress"]["success"] == found["progress"]["total"] >= 1


def test_it_reads_the_problem_in_a_refusal(node):
    found = node("errors")
    for kind, status, title, word in [
        ("missing", 404, "Not Found", "There is no meter"),
        ("conflict", 409, "Conflict", "slug"),
        ("invalid", 400, "Bad Request", "nothing"),
        ("stranger", 401, "Unauthorized", "API key"),
        ("event", 400, "Bad Request", "subject"),
    ]:
        refused = found[kind]
        assert (refused["status"], refused["title"], refused["type"]) == (status, title, "about:blank"), kind
        assert word in refused["detail"], kind
