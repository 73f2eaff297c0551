{{ config(materialized='table') }}
-- One row per product of an order: sales only, no returns, no gifts, no postage.
-- Prices become DECIMAL here: sums of decimals are exact, so that features come out the same, to the
-- last bit, however many threads add them up.
WITH mapped AS (
    SELECT
        {{ mapped('order_lines', 'order_id', 'VARCHAR') }},
        {{ mapped('order_lines', 'line_no', 'INTEGER') }},
        {{ mapped('order_lines', 'customer_id', 'VARCHAR') }},
        {{ mapped('order_lines', 'product_id', 'VARCHAR') }},
        {{ mapped('order_lines', 'store_id', 'VARCHAR') }},
        {{ mapped('order_lines', 'ordered_at', 'TIMESTAMP') }},
        {{ mapped('order_lines', 'quantity', 'INTEGER') }},
        {{ mapped('order_lines', 'unit_price', 'DECIMAL(12, 4)') }},
        {{ mapped('order_lines', 'on_promotion', 'BOOLEAN') }}
    FROM {{ source('raw', 'order_lines') }}
    WHERE {{ mapped_where('order_lines') }}
),

sales AS (
    SELECT
        m.* REPLACE (
            -- Orders without a number: what a customer bought on one day is one.
            coalesce(m.order_id, concat_ws(' ', m.customer_id, CAST(m.ordered_at AS DATE))) AS order_id
        )
    FROM mapped AS m
    ANTI JOIN {{ ref('non_products') }} AS n ON n.code = upper(m.product_id)
    WHERE m.product_id IS NOT NULL
      AND m.ordered_at IS NOT NULL
      AND m.quantity > 0
      AND m.unit_price > 0
)

SELECT
    order_id,
    line_no,
    customer_id,                                            -- NULL: a guest
    product_id,
    coalesce(store_id, 'unknown')                AS store_id,
    ordered_at,
    CAST(ordered_at AS DATE)                     AS ordered_on,
    CAST(date_trunc('week', ordered_at) AS DATE) AS week,   -- its Monday
    quantity,
    unit_price,
    quantity * unit_price                        AS amount,
    on_promotion                                            -- NULL: not known
FROM sales
-- Loaded twice, or corrected: the line as it was first. The newest would be a look into the future:
-- a line corrected next week would be missing from what was known today.
QUALIFY line_no IS NULL OR row_number() OVER (
    PARTITION BY order_id, line_no
    ORDER BY ordered_at, product_id, quantity, unit_price, store_id, customer_id, on_promotion
) = 1
ORDER BY ordered_at, order_id, line_no, product_id
