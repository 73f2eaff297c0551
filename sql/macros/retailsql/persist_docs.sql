{#
  Everything dbt makes gets a COMMENT: its description, then by what file it was made; columns get
  theirs. So a person who opens the database without dbt, and `retailsql`, can see what is what.
  In place of dbt's own, which writes only what `persist_docs` in a config asks for.
#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
  {#- A table function is a macro: DuckDB has nothing to write on. -#}
  {%- if model.config.materialized != 'table_function' -%}
    {%- set mark = 'made by retailsql run: ' ~ model.original_file_path -%}
    {%- set told = model.description | trim -%}
    {%- set comment = told ~ '\n' ~ mark if told else mark -%}
    {%- do run_query(alter_relation_comment(relation, comment)) -%}
    {%- if model.columns -%}
      {%- set existing = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
      {%- set known = validate_doc_columns(relation, model.columns, existing) -%}
      {%- set statements = [] -%}
      {%- for name, column in known.items() if column.description | trim -%}
        {%- do statements.append('comment on column ' ~ relation ~ '.' ~ adapter.quote(name)
            ~ ' is ' ~ duckdb_escape_comment(column.description | trim) ~ ';') -%}
      {%- endfor -%}
      {%- if statements -%}
        {%- do run_query(statements | join('\n')) -%}
      {%- endif -%}
    {%- endif -%}
  {%- endif -%}
{%- endmacro %}
