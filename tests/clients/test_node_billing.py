"""Billing profiles, pending lines and invoices by OpenMeter's Node SDK, by a scenario that runs in Node."""


def test_it_makes_edits_issues_voids_and_deletes_invoices(node):
    found = node("billing")
    assert found["pending"] == [True, "gathering", "100.00"]
    assert found["draft"] == ["draft.manual_approval_needed", True]
    assert found["edited"] == ["105.00", ["manual", "manual"]]
    assert (found["issued"], found["retried"]) == (["payment_processing", True, True], True)
    assert (found["voided"], found["recalculated"], found["override"]) == ("voided", "7.00", True)
    assert sorted(found["listed"]) == [["credit_note", "paid", "-105.00", 2], ["standard", "voided", "105.00", 2]]
    assert (found["refused"]["status"], found["refused"]["title"], found["gone"]) == (400, "Bad Request", 400)
