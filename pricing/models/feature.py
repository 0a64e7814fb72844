"""What is sold: a feature, and the meter that measures it."""

from django.db import models
from django.db.models import Q

from metering.models import Meter, UlidField, tracked


@tracked()
class Feature(models.Model):
    ulid = UlidField()
    key = models.CharField(max_length=64)
    name = models.CharField(max_length=256)
    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, null=True, blank=True, related_name="features")
    filters = models.JSONField(
        default=dict, blank=True, help_text='Only events with these group values, such as {"model": ["large"]}.'
    )
    unit_cost = models.JSONField(null=True, blank=True, help_text="What a unit costs us, in OpenMeter's shape.")
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(archived_at=None),
                name="one_live_feature_per_key",
                violation_error_message="Another feature has this key already.",
            ),
        ]

    def __str__(self) -> str:
        return self.key
