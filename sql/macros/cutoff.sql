{# The morning on which we look, a DATE: what was ordered on that day or later is not known yet. #}
{% macro cutoff() -%}
{%- if var('cutoff', none) -%}
DATE '{{ var('cutoff') }}'
{%- else -%}
(SELECT max(ordered_on) + 1 FROM {{ ref('stg_order_lines') }})
{%- endif -%}
{%- endmacro %}
