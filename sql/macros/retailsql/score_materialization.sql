{#
  dbt's side of materialized='score'; what it does is told, and its SQL made, in score.sql.
#}
{% materialization score, adapter='duckdb' %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set name = this.identifier -%}
  {%- set trained = rs_score_model() -%}
  {%- set unique_key = config.get('unique_key') -%}
  {%- set keep = config.get('keep', []) -%}
  {%- set keep = [keep] if keep is string else keep -%}
  {%- set scores = {} -%}
  {%- for wanted in ('unique_key', 'scores') if not config.get(wanted) -%}
    {{ exceptions.raise_compiler_error("config() of a score file needs " ~ wanted ~ ". What to do: write "
        ~ "config(materialized='score', unique_key='customer_id', scores={'risk': fn('churn', 'score') ~ '(r)'})") }}
  {%- endfor -%}
  {%- for column, expression in config.get('scores').items() -%}
    {%- do scores.update({column: render(expression)}) -%}  {#- fn() left itself to be rendered here -#}
  {%- endfor -%}

  {%- do rs_score_explain_faults(compiled_code, scores) -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {%- call statement('rows') -%}{{ rs_score_rows(name, compiled_code, scores) }}{%- endcall -%}
  {%- do run_query(rs_score_check(name, model.original_file_path, unique_key, trained.name, trained)) -%}

  {%- set update = false -%}
  {%- if existing is not none and existing.is_table and not should_full_refresh() -%}
    {%- set same = run_query(rs_score_same_columns(name, this, unique_key, keep, scores, trained)) -%}
    {%- set update = same.columns[0].values()[0] -%}
  {%- elif existing is not none and not existing.is_table -%}
    {{ adapter.drop_relation(existing) }}
  {%- endif -%}

  {%- set columns = '' -%}
  {%- if config.get('contract').enforced -%}
    {{ get_assert_columns_equivalent(rs_score_select(name, unique_key, keep, scores, trained)) }}
    {%- set columns = get_table_columns_and_constraints() -%}
  {%- endif -%}

  {%- set build -%}
    {%- if update -%}
      {{ rs_score_update(name, this, unique_key, keep, scores, trained) }}
    {%- else -%}
      {{ rs_score_replace(name, this, unique_key, keep, scores, trained, columns) }}
    {%- endif -%}
  {%- endset -%}
  {%- call statement('build') -%}{{ build }}{%- endcall -%}
  {%- set counted = run_query(rs_score_counts(this)).rows[0] -%}
  {%- do run_query(rs_score_end(name)) -%}
  {%- set words = 'scored %s of %s rows, %s v%s' % (counted[0], counted[1], trained.identifier, counted[2]) -%}
  {%- call noop_statement('main', words) -%}
{{ rs_score_rows(name, compiled_code, scores) }};

{{ build }};
  {%- endcall -%}

  {% do persist_docs(target_relation, model) %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{# A call that does not fit the model is told in the model's words, before anything is done. #}
{% macro rs_score_explain_faults(query, scores) %}
  {%- set calls = "SELECT " ~ (scores.values() | join(', ')) ~ "\nFROM (\n" ~ query ~ "\n) AS r" -%}
  {%- set fault = run_query("SELECT __rs_why(" ~ rs_literal(calls) ~ ") AS fault").columns[0].values()[0] -%}
  {%- if fault -%}
    {{ exceptions.raise_compiler_error(fault) }}
  {%- endif -%}
{% endmacro %}


{# The view of the one trained model that stands behind this file. #}
{% macro rs_score_model() %}
  {%- set found = [] -%}
  {%- for id in model.depends_on.nodes if id in graph.nodes -%}
    {%- if graph.nodes[id].config.materialized == 'model' -%}
      {%- do found.append(graph.nodes[id]) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- if found | length != 1 -%}
    {{ exceptions.raise_compiler_error(
        'One trained model stands behind a score file. Seen: '
        ~ (found | map(attribute='name') | join(', ') or 'none')
        ~ ". What to do: name one with fn('churn', 'score') in scores"
        ~ (', and score the others in files of their own.' if found else '.')) }}
  {%- endif -%}
  {{ return(api.Relation.create(
      database=found[0].database, schema=found[0].schema, identifier=found[0].alias, type='view')) }}
{% endmacro %}
