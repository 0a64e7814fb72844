"""The functions that roll-up, queries and the writer share: what a value is, and how events are written."""

from django.db import migrations

# The text of metering.values.VALUE_SQL_FUNCTION, which a test holds equal to this.
METERING_VALUE = r"""
CREATE FUNCTION metering_value(value jsonb) RETURNS numeric
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

# The lock comes before the batch id, so that whoever reads the sequence and then finds no holder of the lock knows
# that every lower batch has ended. Events are inserted in the order of their keys: overlapping writers then wait for each
# other, and never deadlock. Of two with one key, the first that was sent is inserted.
METERING_WRITE_EVENTS = """
CREATE FUNCTION metering_write_events(
    incoming json, received_at timestamptz,
    OUT batch_id bigint, OUT accepted integer, OUT duplicate integer, OUT conflict integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    earliest timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7741, 1);
    batch_id := nextval(pg_get_serial_sequence('metering_batch', 'id'));

    WITH written AS (
        INSERT INTO metering_event
            (key, source, event_id, type, subject, time, time_was_sent, data, batch_id, api_key_id)
        SELECT e.key, e.source, e.event_id, e.type, e.subject, e.time, e.time_was_sent, e.data,
               metering_write_events.batch_id, e.api_key_id
        FROM ROWS FROM (json_to_recordset(incoming) AS (
            key uuid, source text, event_id text, type text, subject text, time timestamptz, time_was_sent boolean,
            data jsonb, api_key_id bigint)) WITH ORDINALITY AS e
        ORDER BY e.key, e.ordinality
        ON CONFLICT (key) DO NOTHING
        RETURNING time
    )
    SELECT count(*), min(time) INTO accepted, earliest FROM written;

    duplicate := json_array_length(incoming) - accepted;
    conflict := 0;
    IF duplicate > 0 THEN
        SELECT count(*) INTO conflict
        FROM json_to_recordset(incoming) AS e(
            key uuid, type text, subject text, time timestamptz, time_was_sent boolean, data jsonb)
        JOIN metering_event stored ON stored.key = e.key
        WHERE stored.type <> e.type OR stored.subject <> e.subject OR stored.data IS DISTINCT FROM e.data
              OR (e.time_was_sent AND stored.time <> e.time);
        duplicate := duplicate - conflict;
    END IF;

    INSERT INTO metering_batch (id, kind, received_at, accepted, duplicate, conflict, first_event_at, is_rolled_up)
    VALUES (metering_write_events.batch_id, 'events', metering_write_events.received_at, metering_write_events.accepted,
            metering_write_events.duplicate, metering_write_events.conflict, earliest, false);
END
$$
"""

# For a batch that is copied in, as most large ones hold nothing that was sent before: a few of its keys tell.
METERING_START_BATCH = """
CREATE FUNCTION metering_start_batch(sample uuid[], OUT batch_id bigint, OUT is_known boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7741, 1);
    batch_id := nextval(pg_get_serial_sequence('metering_batch', 'id'));
    is_known := EXISTS (SELECT FROM metering_event WHERE key = ANY (sample));
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("metering", "0001_initial")]

    operations = [
        migrations.RunSQL(METERING_VALUE, "DROP FUNCTION metering_value(jsonb)"),
        migrations.RunSQL(METERING_WRITE_EVENTS, "DROP FUNCTION metering_write_events(json, timestamptz)"),
        migrations.RunSQL(METERING_START_BATCH, "DROP FUNCTION metering_start_batch(uuid[])"),
    ]
