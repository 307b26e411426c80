-- What a theater is owed, from the ledger.

-- theater_settlement sums the movements of a theater's money by day, provider and
-- currency, and by provider and currency (day is null). Days are on the theater's clock,
-- and both are included. A movement counts on the day on which our books learned of it.
--
-- captured - refunded - charged_back is what the ledger says, to the last unit, and it is
-- booking_fees + unsold + owed. The booking's fee is the last that goes back: as long as
-- something is kept, the fee is kept first. Taxes are a part of owed, and follow the part of
-- the seats' price that is kept. Money of a payment that bought no ticket is unsold: it goes
-- back, and no fee is in it. provider_fees is null when one of the payments' is unknown.
CREATE OR REPLACE FUNCTION theater_settlement(p_theater uuid, p_from date, p_to date)
RETURNS TABLE (day date, provider text, currency text, bookings bigint, captured bigint, refunded bigint, charged_back bigint,
    booking_fees bigint, taxes bigint, provider_fees bigint, unsold bigint, owed bigint)
LANGUAGE sql STABLE AS $$
    WITH span AS (
        SELECT t.time_zone AS zone, p_from::timestamp AT TIME ZONE t.time_zone AS since,
            (p_to + 1)::timestamp AT TIME ZONE t.time_zone AS until
        FROM theaters t WHERE t.id = p_theater),
    touched AS (
        SELECT DISTINCT l.provider, l.reference, b.id AS booking, b.total,
            coalesce((b.quote -> 'fees' ->> 'amount')::bigint, 0) AS fees,
            coalesce((b.quote -> 'taxes' ->> 'amount')::bigint, 0) AS tax
        FROM span, shows s JOIN bookings b ON b.show_id = s.id JOIN ledger l ON l.booking_id = b.id
        WHERE s.theater_id = p_theater AND l.at >= span.since AND l.at < span.until
            AND l.movement IN ('capture', 'refund', 'refund_failed', 'chargeback', 'chargeback_reversed')),
    paid AS (
        SELECT t.*, coalesce(paid_for(t.booking, t.provider, t.reference), false) AS bought,
            (SELECT f.fee FROM payment_fees f WHERE f.provider = t.provider AND f.reference = t.reference) AS provider_fee
        FROM touched t),
    signed AS (
        SELECT l.id, l.at, l.movement, l.amount, l.currency, l.movement = 'capture' AND l.total = l.amount AS first_capture, p.*,
            CASE WHEN l.movement IN ('capture', 'refund_failed', 'chargeback_reversed') THEN l.amount ELSE -l.amount END AS change
        FROM paid p JOIN ledger l ON l.provider = p.provider AND l.reference = p.reference
        WHERE l.movement IN ('capture', 'refund', 'refund_failed', 'chargeback', 'chargeback_reversed')),
    kept AS (
        SELECT g.*, sum(g.change) OVER (PARTITION BY g.provider, g.reference ORDER BY g.id)::bigint AS after FROM signed g),
    shares AS (
        SELECT k.*, (k.at AT TIME ZONE span.zone)::date AS on_day,
            CASE WHEN bought THEN least(fees, greatest(after, 0)) - least(fees, greatest(after - change, 0)) ELSE 0 END AS fee_part,
            CASE WHEN bought AND total > fees THEN
                tax * least(greatest(after - fees, 0), total - fees) / (total - fees)
                - tax * least(greatest(after - change - fees, 0), total - fees) / (total - fees)
            ELSE 0 END AS tax_part
        FROM kept k, span WHERE k.at >= span.since AND k.at < span.until)
    SELECT on_day, provider, currency,
        count(*) FILTER (WHERE first_capture AND bought),
        coalesce(sum(amount) FILTER (WHERE movement = 'capture'), 0)::bigint,
        coalesce(-sum(change) FILTER (WHERE movement IN ('refund', 'refund_failed')), 0)::bigint,
        coalesce(-sum(change) FILTER (WHERE movement IN ('chargeback', 'chargeback_reversed')), 0)::bigint,
        sum(fee_part)::bigint,
        sum(tax_part)::bigint,
        CASE WHEN count(*) FILTER (WHERE first_capture AND provider_fee IS NULL) = 0
            THEN coalesce(sum(provider_fee) FILTER (WHERE first_capture), 0)::bigint END,
        coalesce(sum(change) FILTER (WHERE NOT bought), 0)::bigint,
        (coalesce(sum(change) FILTER (WHERE bought), 0) - sum(fee_part))::bigint
    FROM shares
    GROUP BY GROUPING SETS ((on_day, provider, currency), (provider, currency))
    ORDER BY on_day NULLS LAST, provider, currency;
$$;
