{{ config(materialized='table') }}
-- One row per product, as known at the cutoff. A shop that keeps no categories or brands has one,
-- called 'unknown': its market is then everything it sells.
WITH mapped AS (
    SELECT
        {{ mapped('products', 'product_id', 'VARCHAR') }},
        {{ mapped('products', 'description', 'VARCHAR') }},
        {{ mapped('products', 'category', 'VARCHAR') }},
        {{ mapped('products', 'brand', 'VARCHAR') }},
        {{ mapped('products', 'known_from', 'TIMESTAMP') }}
    FROM {{ source('raw', 'products') }}
    WHERE {{ mapped_where('products') }}
),

products AS (
    SELECT m.*
    FROM mapped AS m
    ANTI JOIN {{ ref('non_products') }} AS n ON n.code = upper(m.product_id)
)

SELECT
    product_id,
    description,
    coalesce(category, 'unknown') AS category,
    coalesce(brand, 'unknown')    AS brand
FROM products
{{ newest_known('products', 'product_id', 'category, brand, description') }}
ORDER BY product_id
