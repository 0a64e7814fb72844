from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    name = "invoicing"

    def ready(self) -> None:
        # These need the models, which are not loaded before.
        from invoicing.queries.forecast import forecast
        from invoicing.serializers.event_bills import event_bills_output
        from invoicing.services.customers import check_settled
        from metering.queries.verdicts import register_verdict_part
        from metering.services.references import register_customer_check
        from pricing.coming import register_forecast

        register_customer_check(check_settled)
        register_forecast(forecast)
        register_verdict_part("bills", event_bills_output)
