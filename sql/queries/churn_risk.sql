-- Ten active customers with the most money at risk: what they spent in 90 days times their risk.
SELECT
    c.customer_id,
    c.country,
    c.recency_days,
    c.orders,
    round(c.spend_90d, 2)                  AS spend_90d,
    round({{ fn('churn', 'score') }}(c), 3)               AS risk,
    round(c.spend_90d * {{ fn('churn', 'score') }}(c), 2) AS at_risk
FROM {{ ref('customer_features') }} AS c
WHERE c.recency_days <= {{ var('active_days') }}
ORDER BY at_risk DESC, c.customer_id
LIMIT 10
