{#
  A column of the retail vocabulary, of the type it has there: what dbt_project.yml maps it to, or
  NULL where the shop has none.

  table: order_lines, customers or products; column: its name in the vocabulary; type: SQL type.
#}
{% macro mapped(table, column, type) -%}
CAST({{ mapped_to(table, column) }} AS {{ type }}) AS {{ column }}
{%- endmacro %}

{# The SQL behind a column of the vocabulary, as it stands in dbt_project.yml; NULL where there is none. #}
{% macro mapped_to(table, column) -%}
{{ var(table)['columns'].get(column) or 'NULL' }}
{%- endmacro %}

{# Which rows of the shop's own table count; all of them if dbt_project.yml does not say. #}
{% macro mapped_where(table) -%}
{{ var(table).get('where') or 'true' }}
{%- endmacro %}
