{# The morning on which we look, a DATE: what was ordered on that day or later is not known yet. #}
{% macro cutoff() -%}
{%- if var('cutoff', none) -%}
DATE '{{ day_of('cutoff') }}'
{%- else -%}
(SELECT max(ordered_on) + 1 FROM {{ ref('stg_order_lines') }})
{%- endif -%}
{%- endmacro %}

{# A variable that is a day of the calendar; an error in words if it is none. #}
{% macro day_of(name) -%}
{%- set day = var(name) | string -%}
{%- set form = modules.re.match('^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$', day) -%}
{%- set year, month, date = (form.group(1) | int, form.group(2) | int, form.group(3) | int) if form else (0, 1, 99) -%}
{%- set leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) -%}
{%- if date > [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] -%}
{{ exceptions.raise_compiler_error('the variable ' ~ name ~ ' is ' ~ day ~ ', wanted: a day as 2011-12-10'
    ~ ' (--vars, or vars in dbt_project.yml)') }}
{%- endif -%}
{{ day }}
{%- endmacro %}
