-- What customers have spent is what the order lines with a customer came to before the cutoff.
SELECT f.spent, l.paid
FROM (SELECT sum(spend) AS spent FROM {{ ref('customer_features') }}) AS f
CROSS JOIN (
    SELECT sum(amount) AS paid
    FROM {{ ref('stg_order_lines') }}
    WHERE customer_id IS NOT NULL
      AND ordered_on < {{ cutoff() }}
) AS l
WHERE abs(coalesce(f.spent, 0) - coalesce(l.paid, 0)) > 0.01 * greatest(1, 0.0001 * l.paid)
