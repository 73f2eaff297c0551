{#
  The function of a model: `fn('churn', 'score')` is main.churn_score, in whatever schema the
  model is trained into, and this file is run after it.

    SELECT customer_id, {{ fn('churn', 'score') }}(c) FROM {{ ref('customer_features') }} AS c

  While dbt reads the project it does not know schemas yet, and what config() says is kept from that
  time. So the name is left as an expression then, which `score` renders when it runs.
#}
{% macro fn(model, verb) -%}
{%- set relation = ref(model) -%}
{%- if execute -%}
{{ relation.schema }}.{{ relation.identifier }}_{{ verb }}
{%- else -%}
{{ "{{ fn('" ~ model ~ "', '" ~ verb ~ "') }}" }}
{%- endif -%}
{%- endmacro %}
