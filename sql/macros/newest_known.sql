{#
  Conditions for one row per key of a table that may keep history, or hold keys more than once: of
  the rows known before the cutoff the newest. To stand where WHERE stands; ties are decided by the
  columns given, never by the order of the file.

  table: customers or products; key: its key; columns: all others, as SQL.
#}
{% macro newest_known(table, key, columns) -%}
WHERE {{ key }} IS NOT NULL
{%- if mapping(table)['columns'].get('known_from') %}
  AND (known_from IS NULL OR known_from < {{ cutoff() }})
{%- endif %}
QUALIFY row_number() OVER (
    PARTITION BY {{ key }} ORDER BY known_from DESC NULLS LAST, {{ columns }}
) = 1
{%- endmacro %}
