{# There is at least one row. An empty source passes every other test, and so would all made of it. #}
{% test has_rows(model) %}
SELECT 0 AS rows_found
WHERE NOT EXISTS (SELECT 1 FROM {{ model }})
{% endtest %}
