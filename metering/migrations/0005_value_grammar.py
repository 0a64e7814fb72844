"""The grammar of values in SQL: the text of metering.values.VALUE_SQL_FUNCTION, which a test holds equal to this."""

from django.db import migrations

METERING_VALUE = r"""
CREATE OR REPLACE FUNCTION metering_value(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(value)
    WHEN 'number' THEN
        CASE WHEN abs(value::numeric) < 1e38 AND min_scale(value::numeric) <= 38 THEN value::numeric END
    WHEN 'string' THEN
        CASE WHEN length(value #>> '{}') <= 100
                  AND (value #>> '{}') ~ '^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$'
        THEN
            CASE WHEN abs((value #>> '{}')::numeric) < 1e38 AND min_scale((value #>> '{}')::numeric) <= 38
            THEN (value #>> '{}')::numeric END
        END
END
"""


class Migration(migrations.Migration):
    dependencies = [("metering", "0004_bucket_extent_and_backfill_progress")]

    operations = [migrations.RunSQL(METERING_VALUE, migrations.RunSQL.noop)]
