"""What is there already, and whether it would come out the same: nothing is run twice for nothing.

uses         what a SQL text names: tables, functions, files
functions    what those functions are, and which give another answer every time
sources      what is in the tables and files that a project reads
fingerprint  all of it together: the state a node would have, and the one it has
"""
