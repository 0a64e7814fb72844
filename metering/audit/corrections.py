"""Whether corrections did what they say."""

from collections.abc import Iterator

from metering.audit.report import Check, Finding, Scope, stream


def corrections_count_their_voids(scope: Scope) -> Iterator[Finding]:
    """Yield corrections whose counts are not those of their voids, or whose status is ahead of what was done."""
    scope.progress("counting the voids of every correction")
    for ulid, status, expected, actual, is_ahead in stream(_COUNTS):
        if is_ahead:
            yield Finding(1, f"it says {status}, and events are left", f"correction {ulid}", "none left", actual)
        if expected != actual:
            yield Finding(1, "it counts other voids than it made", f"correction {ulid}", actual, expected)


def amendments_replace_one_event(scope: Scope) -> Iterator[Finding]:
    """Yield amendments without a replacement, or of which original and replacement count both, or neither."""
    for ulid, events, standing, void_originals, void_replacements in stream(_AMENDMENTS):
        expected = "its original void" if standing else "its replacement void"
        found = f"{events} replacements, {void_originals} originals void, {void_replacements} replacements void"
        yield Finding(1, "not one event stands in the place of another", f"correction {ulid}", expected, found)


_COUNTS = """
    SELECT correction.ulid, correction.status, told.counts, made.counts,
           (correction.status = 'done' AND correction.done < correction.matched)
           OR (correction.status = 'undone' AND made.still_open > 0)
    FROM metering_correction correction
    CROSS JOIN LATERAL (
        SELECT count(void.id) AS voided, count(void.restored_batch_id) AS restored,
               count(void.id) - count(void.restored_batch_id) AS still_open,
               concat(count(void.id), ' voided, ', count(void.restored_batch_id), ' restored') AS counts
        FROM metering_batch batch JOIN metering_eventvoid void ON void.voided_batch_id = batch.id
        WHERE batch.correction_id = correction.id AND batch.kind IN ('void', 'amendment')
    ) made
    CROSS JOIN LATERAL (
        SELECT concat(correction.voided, ' voided, ', correction.restored, ' restored') AS counts
    ) told
    WHERE told.counts <> made.counts OR (correction.status = 'done' AND correction.done < correction.matched)
          OR (correction.status = 'undone' AND made.still_open > 0)
    ORDER BY correction.id
"""
# A replacement may be void because of a later correction; what may not be is that both count, or an undone one counts.
_AMENDMENTS = """
    SELECT correction.ulid, new.events, correction.status = 'done', original.void, new.void
    FROM metering_correction correction
    CROSS JOIN LATERAL (
        SELECT count(*) AS events, count(void.id) AS void
        FROM metering_batch batch JOIN metering_event event ON event.batch_id = batch.id
        LEFT JOIN metering_eventvoid void ON void.event_key = event.key AND void.restored_batch_id IS NULL
        WHERE batch.correction_id = correction.id
    ) new
    CROSS JOIN LATERAL (
        SELECT count(void.id) AS void
        FROM metering_batch batch JOIN metering_eventvoid made ON made.voided_batch_id = batch.id
        JOIN metering_eventvoid void ON void.event_key = made.event_key AND void.restored_batch_id IS NULL
        WHERE batch.correction_id = correction.id AND batch.kind = 'amendment'
    ) original
    WHERE correction.kind = 'amendment'
          AND (new.events <> 1 OR (correction.status = 'done' AND original.void <> 1)
               OR (correction.status = 'undone' AND new.void <> 1))
    ORDER BY correction.id
"""

CHECKS = (
    Check(1, "Every correction counts the voids it made, and left none out", corrections_count_their_voids),
    Check(1, "Every amendment lets one event stand in the place of another", amendments_replace_one_event),
)
