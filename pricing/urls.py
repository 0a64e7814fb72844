"""The paths of pricing under /api/v1."""

from django.urls import path

from pricing.api.addons import AddonDetail, Addons, ArchiveAddon, PublishAddon
from pricing.api.customer_subscriptions import CustomerSubscriptionList
from pricing.api.features import FeatureDetail, Features
from pricing.api.plan_addons import PlanAddonDetail, PlanAddons
from pricing.api.plans import ArchivePlan, NextPlan, PlanDetail, Plans, PublishPlan
from pricing.api.subscription_addons import SubscriptionAddonDetail, SubscriptionAddons
from pricing.api.subscriptions import (
    ActivateSubscription,
    CancelSubscription,
    ChangeSubscription,
    MigrateSubscription,
    RestoreSubscription,
    SubscriptionDetail,
    Subscriptions,
    UnscheduleCancelation,
)

urlpatterns = [
    path("addons", Addons.as_view()),
    path("addons/<str:addon_id>", AddonDetail.as_view()),
    path("addons/<str:addon_id>/archive", ArchiveAddon.as_view()),
    path("addons/<str:addon_id>/publish", PublishAddon.as_view()),
    path("customers/<path:id_or_key>/subscriptions", CustomerSubscriptionList.as_view()),
    path("features", Features.as_view()),
    path("features/<str:feature_id>", FeatureDetail.as_view()),
    path("plans", Plans.as_view()),
    path("plans/<str:plan_id>", PlanDetail.as_view()),
    path("plans/<str:plan_id>/addons", PlanAddons.as_view()),
    path("plans/<str:plan_id>/addons/<str:plan_addon_id>", PlanAddonDetail.as_view()),
    path("plans/<str:plan_id>/archive", ArchivePlan.as_view()),
    path("plans/<str:plan_id_or_key>/next", NextPlan.as_view()),
    path("plans/<str:plan_id>/publish", PublishPlan.as_view()),
    path("subscriptions", Subscriptions.as_view()),
    path("subscriptions/<str:subscription_id>", SubscriptionDetail.as_view()),
    path("subscriptions/<str:subscription_id>/activate", ActivateSubscription.as_view()),
    path("subscriptions/<str:subscription_id>/addons", SubscriptionAddons.as_view()),
    path("subscriptions/<str:subscription_id>/addons/<str:subscription_addon_id>", SubscriptionAddonDetail.as_view()),
    path("subscriptions/<str:subscription_id>/cancel", CancelSubscription.as_view()),
    path("subscriptions/<str:subscription_id>/change", ChangeSubscription.as_view()),
    path("subscriptions/<str:subscription_id>/migrate", MigrateSubscription.as_view()),
    path("subscriptions/<str:subscription_id>/restore", RestoreSubscription.as_view()),
    path("subscriptions/<str:subscription_id>/unschedule-cancelation", UnscheduleCancelation.as_view()),
]
