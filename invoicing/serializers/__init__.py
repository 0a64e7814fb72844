"""Invoices as the API takes and shows them, in OpenMeter's shapes."""
