from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    name = "invoicing"

    def ready(self) -> None:
        # These need the models, which are not loaded before.
        from invoicing.queries.forecast import forecast
        from invoicing.services.customers import check_settled
        from metering.services.references import register_customer_check
        from pricing.coming import register_forecast

        register_customer_check(check_settled)
        register_forecast(forecast)
