-- Languages, tablespaces, collations: what PostgreSQL 15 says of itself, number by number.

INSERT INTO {s}.pg.pg_language
    (oid, lanname, lanowner, lanispl, lanpltrusted, lanplcallfoid, laninline, lanvalidator)
VALUES
(12,'internal',10,false,false,0,0,2246), (13,'c',10,false,false,0,0,2247),
(14,'sql',10,false,true,0,0,2248);

INSERT INTO {s}.pg.pg_tablespace
    (oid, spcname, spcowner)
VALUES
(1663,'pg_default',10), (1664,'pg_global',10);

INSERT INTO {s}.pg.pg_collation
    (oid, collname, collnamespace, collowner, collprovider, collisdeterministic, collencoding, collcollate, collctype, colliculocale,
        collversion)
VALUES
(100,'default',11,10,'d',true,-1,NULL,NULL,NULL,NULL),
(950,'C',11,10,'c',true,-1,'C','C',NULL,NULL),
(951,'POSIX',11,10,'c',true,-1,'POSIX','POSIX',NULL,NULL),
(12340,'ucs_basic',11,10,'c',true,6,'C','C',NULL,NULL),
(12547,'en-NF-x-icu',11,10,'i',true,-1,NULL,NULL,'en-NF','153.120');

