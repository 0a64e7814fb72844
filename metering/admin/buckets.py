"""What meters have counted: series, their buckets by quarter hour and by day, and the different values in these."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display

from metering.admin.base import LedgerAdmin
from metering.admin.display import NOTHING, figure, figure_of, link_to, list_url, moment
from metering.admin.filters import exactly
from metering.models import Aggregation, Bucket, BucketValue, DayBucket, DayValue, Series


@admin.register(Series)
class SeriesAdmin(LedgerAdmin):
    list_display = ("id", "meter_link", "subject", "groups", "buckets_link")
    list_select_related = ("meter_version__meter",)
    list_filter = (("meter_version", AutocompleteSelectFilter), exactly("subject"))
    search_fields = ("subject__exact",)
    search_help_text = "The whole subject"
    sortable_by = ()
    fieldsets = ((None, {"fields": (("meter_version", "subject"), "groups", "buckets_link", "hash")}),)
    meter_link = link_to("meter_version", "meter")

    @display(description="group values")
    def groups(self, row: Series) -> str:
        pairs = zip(row.meter_version.group_keys, row.group_values, strict=False)
        return ", ".join(f"{name} = {value}" for name, value in pairs) or NOTHING

    @display(description="buckets")
    def buckets_link(self, row: Series) -> SafeString:
        links = [
            format_html('<a href="{}" class="text-link">{}</a>', list_url(model, series__id__exact=row.pk), name)
            for model, name in ((Bucket, "Quarter hours"), (DayBucket, "Days"))
        ]
        return format_html("{}, {}", *links)


@admin.register(Bucket)
class BucketAdmin(LedgerAdmin):
    list_display = ("start", "meter", "subject", "groups", "events_shown", "values_shown", "kept", "state", "max_batch")
    list_select_related = ("series__meter_version__meter",)
    list_filter = (("start_at", RangeDateTimeFilter), "is_stale")
    search_fields = ("series__subject__exact",)
    search_help_text = "The whole subject"
    sortable_by = ()
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("series_link", "meter"),
                    ("start_at", "state"),
                    ("events_shown", "values_shown"),
                    ("first_at", "last_at"),
                    ("sum_shown", "latest_shown"),
                    ("min_shown", "max_shown"),
                    ("max_batch", "distinct"),
                )
            },
        ),
    )
    meter = link_to("series.meter_version", "meter")
    series_link = link_to("series", "series")
    events_shown = figure_of("events")
    values_shown = figure_of("values", "good values")
    sum_shown = figure_of("sum")
    min_shown = figure_of("min", "least")
    max_shown = figure_of("max", "greatest")
    values_model: type[BucketValue] | type[DayValue] = BucketValue

    @display(description="start")
    def start(self, row: Bucket | DayBucket) -> str:
        return moment(row.start_at)

    @display(description="subject")
    def subject(self, row: Bucket | DayBucket) -> str:
        return row.series.subject

    @display(description="group values")
    def groups(self, row: Bucket | DayBucket) -> str:
        return ", ".join(row.series.group_values) or NOTHING

    @display(description="kept")
    def kept(self, row: Bucket | DayBucket) -> SafeString | str:
        """What the meter's aggregation keeps in a bucket beside the number of events."""
        match row.series.meter_version.meter.aggregation:
            case Aggregation.COUNT:
                return NOTHING
            case Aggregation.MIN:
                return f"least {figure(row.min)}"
            case Aggregation.MAX:
                return f"greatest {figure(row.max)}"
            case Aggregation.LATEST:
                return f"latest {figure(row.latest)}"
            case Aggregation.UNIQUE_COUNT:
                return self.distinct(row)
        return f"sum {figure(row.sum)}"

    @display(description="latest value")
    def latest_shown(self, row: Bucket | DayBucket) -> str:
        if row.latest_at is None:
            return NOTHING
        return f"{figure(row.latest)}, at {moment(row.latest_at)}, by {row.latest_source} {row.latest_id}"

    @display(description="different values")
    def distinct(self, row: Bucket | DayBucket) -> SafeString | str:
        if row.series.meter_version.meter.aggregation != Aggregation.UNIQUE_COUNT:
            return NOTHING
        url = list_url(self.values_model, bucket__id__exact=row.pk)
        return format_html('<a href="{}" class="text-link">Different values</a>', url)

    @display(description="state", label={"Stale": "warning", "Ready": "success"})
    def state(self, row: Bucket | DayBucket) -> str:
        """A stale bucket waits to be built anew; its events, or the quarter hours of a day, are read instead."""
        return "Stale" if row.is_stale else "Ready"


@admin.register(DayBucket)
class DayBucketAdmin(BucketAdmin):
    values_model = DayValue


@admin.register(BucketValue, DayValue)
class BucketValueAdmin(LedgerAdmin):
    list_display = ("id", "bucket_link", "hash")
    list_select_related = ("bucket__series",)
    search_fields = ("hash__exact",)
    search_help_text = "The whole hash of a value's text"
    sortable_by = ()
    fieldsets = ((None, {"fields": ("bucket_link", "hash")}),)
    bucket_link = link_to("bucket", "bucket")
