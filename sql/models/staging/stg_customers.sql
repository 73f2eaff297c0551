{{ config(materialized='view') }}
-- One row per customer.
SELECT
    CAST(customer_id AS VARCHAR) AS customer_id,
    CAST(country AS VARCHAR)     AS country,
    CAST(joined_on AS DATE)      AS joined_on
FROM {{ source('raw', 'customers') }}
WHERE customer_id IS NOT NULL
