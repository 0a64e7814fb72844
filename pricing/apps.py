from django.apps import AppConfig


class PricingConfig(AppConfig):
    name = "pricing"

    def ready(self) -> None:
        # These need the models, which are not loaded before.
        from metering.queries.subscriptions import register_subscriptions
        from metering.services.meter_uses import register_meter_uses
        from metering.services.new_customers import register_new_customer_hook
        from metering.services.references import register_customer_check
        from pricing.customer_parts import CustomerSubscriptions
        from pricing.queries import features_by
        from pricing.services.customers import check_no_contract
        from pricing.services.default_plan import subscribe_new_customer

        register_subscriptions(CustomerSubscriptions())
        register_customer_check(check_no_contract)
        register_new_customer_hook(subscribe_new_customer)
        register_meter_uses(features_by)
