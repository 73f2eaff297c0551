-- Functions that make much of little, or work long on it, where only the rows tell how much: the
-- engine hears no interrupt while it makes one value. "shim." becomes the database's name.
CREATE MACRO IF NOT EXISTS shim.__pg_repeat(s, n) AS
    CASE WHEN n > 10000 THEN error('repeat would make a value that is too large')
         ELSE system.main.repeat(s, n) END;
CREATE MACRO IF NOT EXISTS shim.__pg_lpad(s, n) AS
    CASE WHEN n > 10000 THEN error('lpad would make a value that is too large')
         ELSE system.main.lpad(s, n::INTEGER, ' ') END,
    (s, n, f) AS
    CASE WHEN n > 10000 THEN error('lpad would make a value that is too large')
         ELSE system.main.lpad(s, n::INTEGER, f) END;
CREATE MACRO IF NOT EXISTS shim.__pg_rpad(s, n) AS
    CASE WHEN n > 10000 THEN error('rpad would make a value that is too large')
         ELSE system.main.rpad(s, n::INTEGER, ' ') END,
    (s, n, f) AS
    CASE WHEN n > 10000 THEN error('rpad would make a value that is too large')
         ELSE system.main.rpad(s, n::INTEGER, f) END;
CREATE MACRO IF NOT EXISTS shim.__pg_levenshtein(a, b) AS
    CASE WHEN strlen(a) * strlen(b) > 1000000 THEN error('levenshtein would work on a value that is too large')
         ELSE system.main.levenshtein(a, b) END;
CREATE MACRO IF NOT EXISTS shim.__pg_editdist3(a, b) AS
    CASE WHEN strlen(a) * strlen(b) > 1000000 THEN error('editdist3 would work on a value that is too large')
         ELSE system.main.editdist3(a, b) END;
CREATE MACRO IF NOT EXISTS shim.__pg_damerau_levenshtein(a, b) AS
    CASE WHEN strlen(a) * strlen(b) > 1000000 THEN error('damerau_levenshtein would work on a value that is too large')
         ELSE system.main.damerau_levenshtein(a, b) END;
