"""Pure: the statements that note whose billed usage may have changed, and forget it."""

# Up to where anybody's usage is billed in real time; customers on test clocks may be billed far ahead of it.
HORIZON = """
    SELECT (
        SELECT line.period_end
        FROM invoicing_invoiceline line
        JOIN pricing_subscriptionitem item ON item.id = line.subscription_item_id
        JOIN metering_customer customer ON customer.id = item.customer_id
        WHERE line.meter_version_id IS NOT NULL AND customer.test_clock_id IS NULL
        ORDER BY line.period_end DESC LIMIT 1
    )
"""
NOTE = """
    WITH late AS (
        SELECT event.subject, event.time, event.batch_id
        FROM metering_batch batch JOIN metering_event event ON event.batch_id = batch.id
        WHERE batch.id > %(since)s AND batch.id <= %(bound)s AND batch.accepted > 0
          AND coalesce(batch.first_event_at, '-infinity') < %(horizon)s::timestamptz
          AND event.time < %(horizon)s::timestamptz
    ), on_test_clocks AS (
        SELECT event.subject, event.time, event.batch_id
        FROM (
            SELECT DISTINCT subject.key
            FROM metering_customer customer
            JOIN metering_subjectlink link ON link.customer_id = customer.id AND link.ended_batch_id IS NULL
            JOIN metering_subject subject ON subject.id = link.subject_id
            WHERE customer.test_clock_id IS NOT NULL
        ) own
        CROSS JOIN LATERAL (
            SELECT subject, time, batch_id FROM metering_event
            WHERE hashtextextended(subject, 0) = hashtextextended(own.key, 0) AND subject = own.key
              AND batch_id > %(since)s AND batch_id <= %(bound)s
        ) event
    ), corrected AS (
        SELECT event.subject, event.time, void.voided_batch_id AS batch_id
        FROM metering_eventvoid void JOIN metering_event event ON event.key = void.event_key
        WHERE void.voided_batch_id > %(since)s AND void.voided_batch_id <= %(bound)s
        UNION ALL
        SELECT event.subject, event.time, void.restored_batch_id
        FROM metering_eventvoid void JOIN metering_event event ON event.key = void.event_key
        WHERE void.restored_batch_id > %(since)s AND void.restored_batch_id <= %(bound)s
    ), touched AS (
        SELECT subject, min(time) AS first_at, max(time) AS last_at, min(batch_id) AS batch_id
        FROM (TABLE late UNION ALL TABLE on_test_clocks UNION ALL TABLE corrected) event
        GROUP BY subject
    ), changed AS (
        SELECT link.customer_id, touched.batch_id, touched.first_at AS from_at,
               touched.last_at + interval '1 microsecond' AS to_at
        FROM touched
        JOIN metering_subject subject ON subject.key = touched.subject
        JOIN metering_subjectlink link ON link.subject_id = subject.id
        WHERE link.made_batch_id <= %(bound)s
          AND (link.ended_batch_id IS NULL OR link.ended_batch_id > %(bound)s)
          AND coalesce(link.from_at, '-infinity') <= touched.last_at
          AND coalesce(link.to_at, 'infinity') > touched.first_at
        UNION ALL
        SELECT customer_id, made_batch_id, coalesce(from_at, '-infinity'), coalesce(to_at, 'infinity')
        FROM metering_subjectlink WHERE made_batch_id > %(since)s AND made_batch_id <= %(bound)s
        UNION ALL
        SELECT customer_id, ended_batch_id, coalesce(from_at, '-infinity'), coalesce(to_at, 'infinity')
        FROM metering_subjectlink WHERE ended_batch_id > %(since)s AND ended_batch_id <= %(bound)s
    ), customer AS (
        SELECT customer_id, min(batch_id) AS batch_id, min(from_at) AS from_at, max(to_at) AS to_at
        FROM changed GROUP BY customer_id
    )
    INSERT INTO invoicing_usagechange (customer_id, since_batch, from_at, to_at)
    SELECT customer.customer_id, customer.batch_id, greatest(customer.from_at, billed.from_at),
           least(customer.to_at, billed.to_at)
    FROM customer CROSS JOIN LATERAL (
        SELECT min(line.period_start) AS from_at, max(line.period_end) AS to_at
        FROM pricing_subscriptionitem item JOIN invoicing_invoiceline line ON line.subscription_item_id = item.id
        WHERE item.customer_id = customer.customer_id AND line.meter_version_id IS NOT NULL
          AND line.period_start < customer.to_at AND line.period_end > customer.from_at
    ) billed
    WHERE billed.from_at IS NOT NULL
    ORDER BY customer.customer_id
    ON CONFLICT (customer_id) DO UPDATE SET
        since_batch = least(invoicing_usagechange.since_batch, excluded.since_batch),
        from_at = least(invoicing_usagechange.from_at, excluded.from_at),
        to_at = greatest(invoicing_usagechange.to_at, excluded.to_at)
"""
NOTE_BILLED = """
    INSERT INTO invoicing_usagechange (customer_id, since_batch, from_at, to_at)
    VALUES (%(customer)s, %(batch)s, %(from)s, %(to)s)
    ON CONFLICT (customer_id) DO UPDATE SET
        since_batch = least(invoicing_usagechange.since_batch, excluded.since_batch),
        from_at = least(invoicing_usagechange.from_at, excluded.from_at),
        to_at = greatest(invoicing_usagechange.to_at, excluded.to_at)
"""
FORGET = "DELETE FROM invoicing_usagechange WHERE customer_id = %(customer)s AND xmin::text = %(version)s"
