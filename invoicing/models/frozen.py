"""Triggers under which the database itself refuses to change what was issued."""

import pgtrigger
from django.db import models

# OLD is null for an insert and NEW for a delete, and a null id matches no invoice. Both sides are asked, so that a row
# can neither leave an issued invoice nor join one.
_REFUSE_IF_ISSUED = """
    IF EXISTS (
        SELECT 1 FROM invoicing_invoice invoice
        WHERE invoice.number IS NOT NULL AND invoice.id IN ({old}, {new})
    ) THEN
        RAISE EXCEPTION 'An issued invoice is frozen: % cannot be changed by %.', TG_TABLE_NAME, lower(TG_OP);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
"""


class IssuedAndChanged(pgtrigger.AnyChange):
    """An invoice that had a number before, and a change outside the excluded fields."""

    def resolve(self, model: type[models.Model]) -> str:
        return f"OLD.number IS NOT NULL AND ({super().resolve(model)})"


def append_only(name: str) -> pgtrigger.Trigger:
    """Return a trigger that refuses every update and delete."""
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete)


def frozen_with_its_invoice(name: str, invoice_id: str) -> pgtrigger.Trigger:
    """
    Return a trigger that refuses to add, change or delete a row of an invoice that has a number.

    `invoice_id` is SQL that finds the invoice's id from `{row}`.
    """
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=_REFUSE_IF_ISSUED.format(old=invoice_id.format(row="OLD"), new=invoice_id.format(row="NEW")),
    )
