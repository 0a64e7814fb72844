"""The API of invoicing, under `/api/v1/billing`."""
