{{ config(
    materialized='score',
    unique_key='customer_id',
    keep=['bought_until'],
    scores={'offers': fn('basket', 'recommend') ~ '(r.history, 10)'}
) }}
-- Up to ten products to offer to each active customer, as a list: fct_customer_offers has them in rows.
-- The history is handed over, so a customer who has bought something since is scored again.
SELECT
    customer_id,
    CAST(max(ordered_at) AS DATE)                   AS bought_until,
    list(product_id ORDER BY ordered_at, product_id) AS history
FROM {{ ref('fct_purchases') }}
GROUP BY customer_id
HAVING bought_until >= {{ cutoff() }} - {{ var('active_days') }}
ORDER BY customer_id
