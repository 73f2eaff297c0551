{{ config(materialized='table') }}
-- One row per customer, as known at the cutoff.
WITH mapped AS (
    SELECT
        {{ mapped('customers', 'customer_id', 'VARCHAR') }},
        {{ mapped('customers', 'country', 'VARCHAR') }},
        {{ mapped('customers', 'joined_on', 'DATE') }},
        {{ mapped('customers', 'known_from', 'TIMESTAMP') }}
    FROM {{ source('raw', 'customers') }}
    WHERE {{ mapped_where('customers') }}
)

SELECT customer_id, country, joined_on
FROM mapped
{{ newest_known('customers', 'customer_id', 'joined_on, country') }}
ORDER BY customer_id
