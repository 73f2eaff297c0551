{{ config(materialized='table') }}
-- Who bought what, and when: what the recommender learns from. One row per product of an order,
-- of orders whose customer is known.
SELECT customer_id, product_id, min(ordered_at) AS ordered_at
FROM {{ ref('stg_order_lines') }}
WHERE customer_id IS NOT NULL
  AND ordered_on < {{ cutoff() }}
GROUP BY customer_id, product_id, order_id
ORDER BY customer_id, ordered_at, product_id
