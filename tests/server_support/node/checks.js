// Runs each check against the server of the environment; prints one line of JSON per check.
'use strict';
const { createRequire } = require('module');
const load = createRequire((process.env.NODE_FOLDER || __dirname) + '/');
const { Client, Pool, types } = load('pg');
const Cursor = load('pg-cursor');
const QueryStream = load('pg-query-stream');

const LONG = 'SELECT count(*) FROM sales.many a, sales.many b, sales.many c WHERE sin(a.id + b.id + c.id) > 2';
const settings = {
  host: process.env.PGHOST, port: Number(process.env.PGPORT), user: process.env.PGUSER,
  password: process.env.PGPASSWORD, database: process.env.PGDATABASE, connectionTimeoutMillis: 10000,
};
const columns = (result) => result.fields.map((f) => [f.name, f.dataTypeID, f.dataTypeSize, f.dataTypeModifier, f.format]);
const told = (error) => [error.code, error.severity, error.position];

async function connected(work, options = {}) {
  const client = new Client({ ...settings, ...options });
  await client.connect();
  try { return await work(client); } finally { await client.end(); }
}
const check = {};
const add = (name, work, options) => { check[name] = () => connected(work, options); };

add('every_type', async (c) => {
  const result = await c.query({ text: 'SELECT * FROM kinds ORDER BY id', rowMode: 'array' });
  return [columns(result), result.rows, result.command, result.rowCount];
});
add('every_type_as_text', async (c) => {
  const asText = { getTypeParser: () => (value) => value };
  return (await c.query({ text: 'SELECT * FROM kinds ORDER BY id', rowMode: 'array', types: asText })).rows;
});
add('every_type_in_binary', async (c) => {
  const asHex = { getTypeParser: () => (value) => Buffer.from(value).toString('hex') };
  const query = { text: 'SELECT * FROM kinds WHERE id > $1 ORDER BY id', values: [0], binary: true, rowMode: 'array', types: asHex };
  const result = await c.query(query);
  return [columns(result), result.rows];
});
add('parameters', async (c) => {
  const values = {
    boolean: [true, false, null], integer: [1, -5, '7'], bigint: ['9007199254740993', 5n], numeric: ['1.50', 2],
    'double precision': [1.5, 1e300], text: ['Grüße \'x\' "y" \\ 🛒', '', 12], bytea: [Buffer.from([0, 255, 65])],
    date: ['2024-02-29'], timestamp: ['2024-02-29 12:34:56.789'], timestamptz: [new Date(Date.UTC(2024, 1, 29, 12, 34, 56, 789))],
    uuid: ['12345678-1234-5678-1234-567812345678'], json: [{ a: [1, null] }], 'integer[]': [[1, null, 3]],
    'text[]': [['a', null, 'b,"c"']], interval: ['1 day 02:00:00'],
  };
  const answer = {};
  for (const [kind, all] of Object.entries(values))
    for (const value of all) {
      const result = await c.query({ text: `SELECT $1::${kind} AS x`, values: [value], rowMode: 'array' });
      answer[`${kind} ${String(value)}`] = [columns(result), result.rows];
    }
  return answer;
});
add('parameters_in_filters', async (c) => {
  const queries = [
    ['SELECT id FROM kinds WHERE id = $1', [1]], ['SELECT id FROM kinds WHERE large = $1', ['9007199254740993']],
    ['SELECT id FROM kinds WHERE price > $1 ORDER BY id', [0.5]], ['SELECT id FROM kinds WHERE words = $1', ['']],
    ['SELECT id FROM kinds WHERE day_ >= $1 ORDER BY id', ['2024-01-01']],
    ['SELECT id FROM kinds WHERE instant < $1 ORDER BY id', [new Date(Date.UTC(2024, 3, 1))]],
    ['SELECT id FROM kinds WHERE flag = $1 ORDER BY id', [true]], ['SELECT id FROM kinds WHERE id = ANY($1) ORDER BY id', [[1, 3]]],
    ['SELECT id FROM sales.many ORDER BY id LIMIT $1 OFFSET $2', [2, 10]], ['SELECT $1', ['x']],
    ['SELECT id FROM kinds WHERE $1::int IS NULL ORDER BY id', [null]],
  ];
  const answer = {};
  for (const [text, values] of queries) answer[text] = (await c.query({ text, values, rowMode: 'array' })).rows;
  return answer;
});
add('named_statement', async (c) => {
  const rows = [];
  for (let i = 0; i < 10; i++) rows.push((await c.query({ name: 'one', text: 'SELECT id, name FROM sales.customers WHERE id = $1', values: [i % 4] })).rows);
  return [rows, (await c.query('SELECT name, statement FROM pg_prepared_statements')).rows.length];
});
add('cursor', async (c) => {
  const cursor = c.query(new Cursor('SELECT id, name FROM sales.many WHERE id > $1 ORDER BY id', [5]));
  const first = await cursor.read(3);
  const next = await cursor.read(2000);
  await cursor.close();
  return [first, next.length, next[1999], (await c.query('SELECT 1 AS x')).rows];
});
add('cursor_to_its_end', async (c) => {
  const cursor = c.query(new Cursor('SELECT id FROM kinds ORDER BY id'));
  const sizes = [];
  for (let part = await cursor.read(3); part.length; part = await cursor.read(3)) sizes.push(part.length);
  return sizes;
});
add('stream', async (c) => {
  let sum = 0;
  for await (const row of c.query(new QueryStream('SELECT id FROM sales.many', [], { batchSize: 123 }))) sum += row.id;
  return sum;
});
add('stream_left_early', async (c) => {
  for await (const row of c.query(new QueryStream('SELECT id FROM sales.many ORDER BY id'))) if (row.id > 10) break;
  return (await c.query('SELECT 1 AS x')).rows;
});
add('several_statements', async (c) => {
  const results = await c.query("SELECT 1 AS a; SET TimeZone = 'UTC'; SELECT 'x' AS b");
  return results.map((r) => [r.command, r.rowCount, r.rows]);
});
add('queued_queries', async (c) => (await Promise.all([1, 2, 3].map((i) => c.query('SELECT $1::int AS x', [i])))).map((r) => r.rows));
add('errors', async (c) => {
  const answer = {};
  for (const [text, values] of [['SELECT * FROM nowhere'], ['SELECT 1 / 0'], ['SELECT x FROM kinds'], ['SELEC'], ["SELECT 'x'::int"],
    ['SELECT id FROM kinds WHERE id = $1', ['x']], ['SELECT $1::int', []], ['INSERT INTO nothing VALUES ($1)', [1]], ['SELECT 1', [1]]])
    try { answer[text] = (await c.query(text, values)).rows; } catch (error) { answer[text] = told(error); }
  return answer;
});
add('transaction', async (c) => {
  const answer = [];
  for (const text of ['BEGIN', 'SELECT 1 / 0', 'SELECT 1', 'ROLLBACK', 'SELECT 2 AS x'])
    try { const r = await c.query(text); answer.push([r.command, r.rows]); } catch (error) { answer.push(told(error)); }
  return answer;
});
add('notices', async (c) => {
  const notices = [];
  c.on('notice', (n) => notices.push([n.severity, n.code, n.message]));
  await c.query('COMMIT');
  return notices;
});
add('statement_timeout', async (c) => {
  try { await c.query(LONG); } catch (error) { return [told(error), (await c.query('SELECT 1 AS x')).rows]; }
  return 'no error';
}, { statement_timeout: 300 });
add('cancel', async (c) => connected(async (other) => {
  const running = c.query(LONG).then(() => 'no error', told);
  await new Promise((done) => setTimeout(done, 300));
  // node's cancel needs the query that runs: its key is the connection's
  const Connection = c.connection.constructor;
  const message = new Connection({ stream: undefined });
  message.on('connect', () => message.cancel(c.processID, c.secretKey));
  message.on('error', () => {});
  message.connect(settings.port, settings.host);
  return [await running, (await other.query('SELECT 1 AS x')).rows, (await c.query('SELECT 2 AS x')).rows];
}));
check.pool = async () => {
  const pool = new Pool({ ...settings, max: 4 });
  const results = await Promise.all(Array.from({ length: 20 }, (_, i) => pool.query('SELECT $1::int * 2 AS x', [i])));
  await pool.end();
  return results.map((r) => r.rows[0].x);
};
add('session', async (c) => {
  const answer = {};
  for (const name of ['application_name', 'client_encoding', 'TimeZone', 'statement_timeout', 'search_path'])
    answer[name] = (await c.query(`SHOW ${name}`)).rows;
  return answer;
}, { application_name: 'node', options: '-c search_path=sales -c TimeZone=Asia/Tokyo' });

(async () => {
  for (const [name, work] of Object.entries(check)) {
    let answer;
    try { answer = await work(); } catch (error) { answer = ['raised', error.code || String(error)]; }
    const safe = (_, value) => (typeof value === 'bigint' ? String(value) : typeof value === 'number' && !Number.isFinite(value) ? String(value) : value);
    process.stdout.write(JSON.stringify([name, answer], safe) + '\n');
  }
})();
