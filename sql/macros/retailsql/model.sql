{#
  materialized='model': the SELECT of a training file becomes a model.

    config(materialized='model', model_type='...', label='...', options={...})

  The model is trained as <schema>.<name>, its functions are <schema>.<name>_<verb>, and ref() of
  the file is a view of one row: the version that is deployed. Nothing is trained again while
  columns, rows and options are those of the newest version, unless --full-refresh is given.
#}
{% materialization model, adapter='duckdb' %}
  {%- set target_relation = this.incorporate(type='view') -%}
  {%- set existing = load_cached_relation(this) -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}

  {#- On a cursor of its own, so before a transaction of dbt's begins, which would not see it. -#}
  {%- set row = rs_train(compiled_code) -%}

  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {%- if existing is not none and not existing.is_view -%}
    {{ adapter.drop_relation(existing) }}
  {%- endif -%}
  {%- set view -%}
CREATE OR REPLACE VIEW {{ target_relation }} AS
{{ model_view(this.identifier, this.schema) }}
  {%- endset -%}
  {%- if config.get('contract').enforced -%}
    {{ get_assert_columns_equivalent(model_view(this.identifier, this.schema, this.database)) }}
  {%- endif -%}
  {%- call statement('view') -%}{{ view }}{%- endcall -%}
  {#- 'main' is what dbt reports of a node, and keeps under target/run. -#}
  {%- call noop_statement('main', rs_trained_words(row)) -%}
-- trained by {{ "__rs_train" }}: {{ tojson(row) }}
{{ compiled_code }};

{{ view }}
  {%- endcall -%}

  {% do persist_docs(target_relation, model) %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{# Trains the model of this file, or finds it unchanged: CREATE MODEL's result row and `status`. #}
{% macro rs_train(query) %}
  {%- set options = {} -%}
  {%- do options.update(config.get('options') or {}) -%}
  {%- for name in ('model_type', 'label') if config.get(name) is not none -%}
    {%- do options.update({name: config.get(name)}) -%}
  {%- endfor -%}
  {%- if model.description and 'description' not in options -%}
    {%- do options.update({'description': model.description}) -%}
  {%- endif -%}
  {%- set answer = run_query(
      "SELECT __rs_train(" ~ rs_literal(this.render()) ~ ", " ~ rs_literal(tojson(options)) ~ ", "
      ~ rs_literal(query) ~ ", " ~ should_full_refresh() ~ ") AS answer") -%}
  {%- set row = fromjson(answer.columns[0].values()[0]) -%}
  {%- if 'error' in row -%}
    {{ exceptions.raise_compiler_error('The model was not trained. ' ~ row['error']) }}
  {%- endif -%}
  {%- if row['warning'] -%}
    {{ exceptions.warn(model.original_file_path ~ ': ' ~ row['warning']) }}
  {%- endif -%}
  {{ return(row) }}
{% endmacro %}


{# What dbt prints behind the file: version, metric and the best trivial rule. #}
{% macro rs_trained_words(row) %}
  {%- set words = row['status'] ~ ' v' ~ row['version']
      ~ (' (not deployed)' if not row['deployed'] else '') -%}
  {%- if row['metric'] -%}
    {%- set words = words ~ ', %s %.4g, %s %.4g' % (
        row['metric'], row['value'], row['baseline'], row['baseline_value']) -%}
  {%- endif -%}
  {{ return(words) }}
{% endmacro %}


{# A text as an SQL literal. #}
{% macro rs_literal(text) -%}
'{{ text | replace("'", "''") }}'
{%- endmacro %}
