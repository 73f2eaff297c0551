-- Nothing is lost or counted twice on the way from order lines to daily sales: per product the same
-- pieces. Rows are products that disagree.
WITH lines AS (
    SELECT product_id, sum(quantity) AS units
    FROM {{ ref('stg_order_lines') }}
    WHERE ordered_on < {{ cutoff() }}
    GROUP BY product_id
),

days AS (
    SELECT product_id, sum(units) AS units
    FROM {{ ref('fct_sales_daily') }}
    GROUP BY product_id
)

SELECT product_id, l.units AS on_order_lines, d.units AS on_days
FROM lines AS l
FULL JOIN days AS d USING (product_id)
WHERE l.units IS DISTINCT FROM d.units
