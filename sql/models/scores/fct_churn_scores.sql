{{ config(
    materialized='score',
    unique_key='customer_id',
    keep=['as_of'],
    scores={'churn_score': fn('churn', 'score') ~ '(r)'}
) }}
-- How likely each active customer is to buy nothing in the next 60 days.
SELECT *
FROM {{ ref('customer_features') }}
WHERE recency_days <= {{ var('active_days') }}   -- the model has learned from active customers only
ORDER BY customer_id
