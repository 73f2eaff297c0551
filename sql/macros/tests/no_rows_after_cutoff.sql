{#
  Point in time: no row tells of a day that was not over on the morning of the cutoff.

  column_name: the day, or the first day, that a row tells of; a DATE or TIMESTAMP.
  days: how many days it tells of: 1 for a day, 7 for a week, 0 for a morning, on which only earlier
        days are known. A number, or the name of a variable of dbt_project.yml.
#}
{% test no_rows_after_cutoff(model, column_name, days=1) %}
SELECT {{ column_name }} AS day_found, {{ cutoff() }} AS cutoff
FROM {{ model }}
WHERE CAST({{ column_name }} AS DATE) + {{ var(days) if days is string else days }} > {{ cutoff() }}
{% endtest %}
