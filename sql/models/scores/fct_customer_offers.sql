{{ config(materialized='table') }}
-- One row per product to offer to a customer, best first.
SELECT
    s.customer_id,
    CAST(o.offer."rank" AS INTEGER)          AS offer_rank,
    o.offer.item_id                          AS product_id,
    CAST(o.offer.score AS DOUBLE)            AS score,
    s.model_version,
    s.scored_at
FROM {{ ref('int_customer_offers') }} AS s,
     unnest(s.offers) AS o(offer)
ORDER BY s.customer_id, offer_rank
