"""Whether events, batches, voids, keys and series belong together."""

from collections.abc import Iterator

from metering.audit.report import Check, Finding, Scope, stream


def batches_hold_their_events(scope: Scope) -> Iterator[Finding]:
    """Yield batches whose count of accepted events is not that of their events, and batches that do not exist."""
    scope.progress("counting the events of every batch")
    for batch_id, kind, accepted, events, example in stream(_BATCHES):
        if kind is None:
            yield Finding(
                1,
                f"the events of a batch, such as {example}, name one that is missing",
                f"batch {batch_id}",
                "an existing batch",
                f"{events} events of no batch",
            )
        else:
            yield Finding(
                1,
                "the batch counts other events than it holds",
                f"batch {batch_id}",
                f"{accepted} accepted",
                f"{events} events",
            )


def events_have_existing_keys(scope: Scope) -> Iterator[Finding]:
    """Yield API keys that events name and that do not exist."""
    scope.progress("looking for the API key of every event")
    for api_key_id, events, example in stream(_API_KEYS):
        what = f"events, such as {example}, were posted with a key that does not exist"
        yield Finding(1, what, f"API key {api_key_id}", "an existing key", f"{events} events of no key")


def series_are_found_by_subject(scope: Scope) -> Iterator[Finding]:
    """Yield series whose hash is not that of their subject, so that queries for the subject miss them."""
    for series_id, slug, subject, expected, actual in stream(_SERIES):
        yield Finding(
            1,
            "the hash is not that of the subject",
            f"series {series_id} of {slug}, subject {subject!r}",
            str(expected),
            str(actual),
        )


def voids_are_of_stored_events(scope: Scope) -> Iterator[Finding]:
    """Yield voids of events that do not exist, and those made or ended by a batch of a kind that does not do so."""
    scope.progress("looking for the event and the batches of every void")
    for void_id, event_key, is_stored, written, voided, kind, restored_kind in stream(_VOIDS):
        offender = f"void {void_id} of event {event_key}"
        if not is_stored:
            yield Finding(1, "no such event is stored", offender, "a stored event", "none")
        elif written > voided:
            yield Finding(1, "it is older than the event", offender, f"a batch after {written}", f"batch {voided}")
        else:
            yield Finding(
                1,
                "its batches are not those that void and restore",
                offender,
                "a correction, then perhaps a restoration",
                f"{kind}, then {restored_kind or 'nothing'}",
            )


def voids_of_an_event_follow_each_other(scope: Scope) -> Iterator[Finding]:
    """Yield voids that begin before an earlier void of the same event has ended."""
    for void_id, event_key, voided, ended in stream(_OVERLAPS):
        yield Finding(
            1,
            "it begins before the event was restored",
            f"void {void_id} of event {event_key}",
            f"a batch from {ended} on" if ended else "no further void",
            f"batch {voided}",
        )


def other_batches_hold_no_events(scope: Scope) -> Iterator[Finding]:
    """Yield batches that only void, restore or link, and yet hold events."""
    for batch_id, kind, accepted in stream(_EMPTY_KINDS):
        yield Finding(1, f"a batch of kind {kind} brought events", f"batch {batch_id}", "0", f"{accepted} accepted")


_BATCHES = """
    SELECT coalesce(batch.id, held.batch_id), batch.kind, batch.accepted, coalesce(held.events, 0),
           (SELECT source || ' ' || event_id FROM metering_event WHERE batch_id = held.batch_id LIMIT 1)
    FROM (SELECT batch_id, count(*) AS events FROM metering_event GROUP BY batch_id) held
    FULL JOIN metering_batch batch ON batch.id = held.batch_id
    WHERE batch.id IS NULL OR batch.accepted <> coalesce(held.events, 0)
    ORDER BY 1
"""
_API_KEYS = """
    SELECT used.api_key_id, used.events,
           (SELECT source || ' ' || event_id FROM metering_event WHERE api_key_id = used.api_key_id LIMIT 1)
    FROM (
        SELECT api_key_id, count(*) AS events FROM metering_event WHERE api_key_id IS NOT NULL GROUP BY api_key_id
    ) used
    WHERE used.api_key_id NOT IN (SELECT id FROM metering_apikey)
    ORDER BY 1
"""
_SERIES = """
    SELECT series.id, meter.slug, series.subject, hash.expected, series.subject_hash
    FROM metering_series series
    JOIN metering_meterversion version ON version.id = series.meter_version_id
    JOIN metering_meter meter ON meter.id = version.meter_id
    CROSS JOIN LATERAL (
        SELECT encode(substring(sha256(convert_to(series.subject, 'UTF8')) FOR 16), 'hex')::uuid AS expected
    ) hash
    WHERE series.subject_hash <> hash.expected
    ORDER BY 1
"""
_VOIDS = """
    SELECT void.id, void.event_key, event.key IS NOT NULL, event.batch_id, voided.id, voided.kind, restored.kind
    FROM metering_eventvoid void
    JOIN metering_batch voided ON voided.id = void.voided_batch_id
    LEFT JOIN metering_batch restored ON restored.id = void.restored_batch_id
    LEFT JOIN metering_event event ON event.key = void.event_key
    WHERE event.key IS NULL OR event.batch_id > voided.id OR voided.kind NOT IN ('void', 'amendment', 'restore')
          OR restored.kind <> 'restore'
    ORDER BY void.id
"""
_OVERLAPS = """
    SELECT id, event_key, voided_batch_id, ended FROM (
        SELECT id, event_key, voided_batch_id,
               lag(restored_batch_id) OVER earlier AS ended, row_number() OVER earlier AS number
        FROM metering_eventvoid WINDOW earlier AS (PARTITION BY event_key ORDER BY voided_batch_id)
    ) void WHERE number > 1 AND (ended IS NULL OR voided_batch_id < ended) ORDER BY id
"""
_EMPTY_KINDS = """
    SELECT id, kind, accepted FROM metering_batch
    WHERE kind NOT IN ('events', 'amendment') AND accepted > 0 ORDER BY id
"""

CHECKS = (
    Check(1, "Every event is in one existing batch, and batches count their events", batches_hold_their_events),
    Check(1, "Only events and amendments bring events", other_batches_hold_no_events),
    Check(1, "Every void is of a stored event, and made by a correction", voids_are_of_stored_events),
    Check(1, "An event is void once at a time", voids_of_an_event_follow_each_other),
    Check(1, "Every event names an existing API key", events_have_existing_keys),
    Check(1, "Every series is found by its subject", series_are_found_by_subject),
)
