{# No two rows agree in all of the columns; rows with a NULL in one of them are not looked at. #}
{% test unique_together(model, columns) %}
SELECT {{ columns | join(', ') }}, count(*) AS rows_found
FROM {{ model }}
WHERE {{ columns | join(' IS NOT NULL AND ') }} IS NOT NULL
GROUP BY ALL
HAVING count(*) > 1
{% endtest %}
