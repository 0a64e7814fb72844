from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    name = "invoicing"

    def ready(self) -> None:
        # These need the models, which are not loaded before.
        from invoicing.services.customers import check_settled
        from metering.services.references import register_customer_check

        register_customer_check(check_settled)
