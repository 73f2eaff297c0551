{#
  What is known of every customer on the morning of a day: a SELECT, one row per customer who has
  bought before it. Used as of today to score, and as of earlier days to learn, so that both see
  the same columns and neither sees the future.

  as_of: a DATE expression.
#}
{% macro customer_features_at(as_of) -%}
WITH known AS (
    SELECT *, {{ as_of }} AS as_of, {{ as_of }} - ordered_on AS days_ago
    FROM {{ ref('stg_order_lines') }}
    WHERE customer_id IS NOT NULL
      AND ordered_on < {{ as_of }}           -- the only door to the past
),

summed AS (
    SELECT
        customer_id,
        any_value(as_of)                                             AS as_of,
        min(days_ago)                                                AS recency_days,
        max(days_ago)                                                AS tenure_days,
        count(DISTINCT order_id)                                     AS orders,
        count(DISTINCT order_id) FILTER (WHERE days_ago <= 30)       AS orders_30d,
        count(DISTINCT order_id) FILTER (WHERE days_ago <= 90)       AS orders_90d,
        count(DISTINCT ordered_on)                                   AS shopping_days,
        count(DISTINCT date_trunc('month', ordered_on))              AS months,
        count(*)                                                     AS lines,
        count(DISTINCT product_id)                                   AS products,
        CAST(sum(amount) AS DOUBLE)                                  AS spend,
        CAST(coalesce(sum(amount) FILTER (WHERE days_ago <= 90), 0) AS DOUBLE) AS spend_90d,
        sum(quantity)                                                AS units,
        avg(CAST(on_promotion AS INTEGER))                           AS promotion_share
    FROM known
    GROUP BY customer_id
)

SELECT
    s.customer_id,
    s.as_of,
    c.country,
    s.recency_days,                          -- days since the last order
    s.tenure_days,                           -- days since the first order
    s.orders,
    s.orders_30d,
    s.orders_90d,
    s.months,                                -- months with an order
    s.lines,                                 -- order lines
    s.products,                              -- different products ever bought
    s.spend,
    s.spend_90d,
    s.spend / s.orders              AS basket,            -- average order value
    s.units / s.orders              AS basket_units,
    s.promotion_share,                       -- share of lines on promotion; NULL: not known
    -- Days between shopping days so far; NULL after a single one.
    (s.tenure_days - s.recency_days) / nullif(s.shopping_days - 1, 0) AS days_between,
    -- The wait so far in units of the usual wait: above 1 the customer is late.
    s.recency_days * (s.shopping_days - 1) / nullif(s.tenure_days - s.recency_days, 0) AS lateness,
    -- Money and counts are skewed; linear models want their logarithms.
    ln(1 + s.recency_days)          AS log_recency,
    ln(1 + s.tenure_days)           AS log_tenure,
    ln(s.orders)                    AS log_orders,
    ln(1 + s.orders_90d)            AS log_orders_90d,
    ln(1 + s.spend)                 AS log_spend,
    ln(1 + s.products)              AS log_products
FROM summed AS s
LEFT JOIN {{ ref('stg_customers') }} AS c USING (customer_id)
{%- endmacro %}
