{#
  Columns of the retail vocabulary that every row of the shop's own table must have a value for: the
  rows found are those that staging sets aside.

  Customers and products out of the order lines are not looked at: a line without a customer is a
  guest, and one without a product is found in order_lines.

  table: order_lines, customers or products; columns: their names in the vocabulary.
#}
{% test mapped_not_null(model, table, columns) %}
{%- set of_lines = table != 'order_lines' and mapping(table)['from'] == mapping('order_lines')['from'] %}
SELECT *
FROM {{ model }}
WHERE {{ 'false' if of_lines else 'true' }}
  AND ({{ mapped_where(table) }})
  AND (false {%- for column in columns %} OR ({{ mapped_to(table, column) }}) IS NULL {%- endfor %})
{% endtest %}
