"""Models as rows of ordinary tables: names, versions, deployments, histories.

``names`` resolves what a person wrote to database, schema and model; ``schema.sql`` holds the
tables; ``store`` reads and writes them. Nothing here scores or makes a function.
"""
