{#
  The tables and columns that dbt_project.yml may map, under vars. A column of your own that
  staging hands on is added here.
#}
{% macro vocabulary() -%}
{{ return({
    'order_lines': ['order_id', 'line_no', 'customer_id', 'product_id', 'store_id', 'ordered_at',
                    'quantity', 'unit_price', 'on_promotion'],
    'customers': ['customer_id', 'country', 'joined_on', 'known_from'],
    'products': ['product_id', 'description', 'category', 'brand', 'known_from'],
}) }}
{%- endmacro %}

{#
  What dbt_project.yml says of a table: from, where, columns. A key that is nobody's would be a column
  left out, and silently: an error.

  table: order_lines, customers or products.
#}
{% macro mapping(table) -%}
{%- set given = var(table) -%}
{%- set place = 'dbt_project.yml, vars: ' ~ table -%}
{%- if given is not mapping or given.get('columns') is not mapping or not given.get('from') -%}
{{ exceptions.raise_compiler_error(place ~ ' needs from: and columns:, with our name: your column') }}
{%- endif -%}
{%- for key in given if key not in ['from', 'where', 'columns'] -%}
{{ exceptions.raise_compiler_error(place ~ ' has ' ~ key ~ ':, wanted: from, where, columns') }}
{%- endfor -%}
{%- for key in given['columns'] if key not in vocabulary()[table] -%}
{{ exceptions.raise_compiler_error(
    place ~ ': columns has ' ~ key ~ ':, wanted: ' ~ vocabulary()[table] | join(', ')
    ~ '. Correct the name; a column of your own is added to vocabulary() in macros/mapped.sql') }}
{%- endfor -%}
{{ return(given) }}
{%- endmacro %}

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
{{ mapping(table)['columns'].get(column) or 'NULL' }}
{%- endmacro %}

{# Which rows of the shop's own table count; all of them if dbt_project.yml does not say. #}
{% macro mapped_where(table) -%}
{{ mapping(table).get('where') or 'true' }}
{%- endmacro %}
