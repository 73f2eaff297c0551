{#
  Columns of the retail vocabulary that every row of the shop's own table must have a value for: the
  rows found are those that staging sets aside.

  table: order_lines, customers or products; columns: their names in the vocabulary.
#}
{% test mapped_not_null(model, table, columns) %}
SELECT *
FROM {{ model }}
WHERE ({{ mapped_where(table) }})
  AND (false {%- for column in columns %} OR ({{ mapped_to(table, column) }}) IS NULL {%- endfor %})
{% endtest %}
