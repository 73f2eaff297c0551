{{ config(materialized='view') }}
-- One row per product of an order: sales only, no returns and no gifts.
-- Prices become DECIMAL here: sums of decimals are exact, so that features come out the same, to the
-- last bit, however many threads add them up.
SELECT
    CAST(order_id AS VARCHAR)          AS order_id,
    CAST(line_no AS INTEGER)           AS line_no,
    CAST(customer_id AS VARCHAR)       AS customer_id,      -- NULL: a guest
    CAST(product_id AS VARCHAR)        AS product_id,
    CAST(store_id AS VARCHAR)          AS store_id,
    CAST(ordered_at AS TIMESTAMP)      AS ordered_at,
    CAST(ordered_at AS DATE)           AS ordered_on,
    CAST(date_trunc('week', ordered_at) AS DATE) AS week,   -- its Monday
    CAST(quantity AS INTEGER)          AS quantity,
    CAST(unit_price AS DECIMAL(12, 4)) AS unit_price,
    CAST(quantity AS INTEGER) * CAST(unit_price AS DECIMAL(12, 4)) AS amount,
    CAST(on_promotion AS BOOLEAN)      AS on_promotion      -- NULL: not known
FROM {{ source('raw', 'order_lines') }}
WHERE quantity > 0
  AND unit_price > 0
  AND ordered_at IS NOT NULL
