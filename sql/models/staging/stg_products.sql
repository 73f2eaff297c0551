{{ config(materialized='view') }}
-- One row per product. A shop that keeps no categories or brands has one, called 'unknown': its
-- market is then everything it sells.
SELECT
    CAST(product_id AS VARCHAR)  AS product_id,
    CAST(description AS VARCHAR) AS description,
    coalesce(CAST(category AS VARCHAR), 'unknown') AS category,
    coalesce(CAST(brand AS VARCHAR), 'unknown')    AS brand
FROM {{ source('raw', 'products') }}
WHERE product_id IS NOT NULL
