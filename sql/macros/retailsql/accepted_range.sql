{#
  A test of a column: no value is below `min_value` or above `max_value`; NaN is above everything,
  NULL is nothing. Leave one of the two out for a range that is open on that side.

    data_tests:
      - accepted_range:
          arguments: {min_value: 0, max_value: 1}
#}
{% test accepted_range(model, column_name, min_value=none, max_value=none) %}
SELECT {{ column_name }} AS outside
FROM {{ model }}
WHERE false
{%- if min_value is not none %}
   OR {{ column_name }} < {{ min_value }}
{%- endif %}
{%- if max_value is not none %}
   OR {{ column_name }} > {{ max_value }}
{%- endif %}
{% endtest %}
