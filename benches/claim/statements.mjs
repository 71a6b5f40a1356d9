// Writes the SQL that the JavaScript of graphile-worker and pg-boss generates. statements.mjs PACKAGES FOLDER writes for each of them an
// install script, a cycle and batches for pgbench into FOLDER. The statements are not changed. Parameters become variables
// of pgbench. A batch is a SQL function, because pgbench keeps only one row of a result.
import { writeFileSync } from 'node:fs'

const [packages, folder] = process.argv.slice(2)
const load = path => import(`${packages}/${path}`)
const write = (name, ...statements) => writeFileSync(`${folder}/${name}.sql`, statements.join('\n') + '\n')
const fill = (text, ...values) => values.reduce((sql, value, i) => sql.replaceAll(new RegExp(`\\$${i + 1}\\b`, 'g'), () => value), text)
const body = (name, args, text) =>
  `create function bench.${name}(${args[0]}) returns ${args[1]} language sql as $bench$ ${text} $bench$;`
const batches = [10, 100]

// graphile-worker: the statements that its worker passes to the driver.
const { migrations } = await load('graphile-worker/dist/generated/sql.js')
const { batchGetJobs } = await load('graphile-worker/dist/sql/getJobs.js')
const { batchCompleteJobs } = await load('graphile-worker/dist/sql/completeJobs.js')
const shared = () => ({ escapedWorkerSchema: 'graphile_worker', workerSchema: 'graphile_worker', resolvedPreset: { worker: { preparedStatements: true } } })
const sent = async call => {
  let last
  const client = { query: async query => { last = query.text; return { rows: [{ id: 1, identifier: 'bench' }] } } }
  const withClient = use => use(client)
  withClient.withRetries = withClient
  await call(shared(), withClient)
  return last
}
const getJobs = size => sent((options, client) => batchGetJobs(options, client, { bench: true }, 'pool', null, size))
const completeJobs = ids => sent((options, client) => batchCompleteJobs(options, client, 'pool', ids.map(id => ({ id, job_queue_id: null }))))
// In a function, the columns of its CTE would not match the row type of a job, so use jobs.* instead of *.
const jobsOf = await Promise.all(batches.map(getJobs))
write('graphile.install',
  'create schema graphile_worker; create schema if not exists bench;',
  ...Object.values(migrations).map(sql => sql.replaceAll(/:GRAPHILE_WORKER_SCHEMA\b/g, 'graphile_worker')).map(sql => `begin;\n${sql};\ncommit;`),
  ...batches.map((size, i) => body(`graphile_get_${size}`, ['text, integer[]', 'setof graphile_worker._private_jobs'], jobsOf[i].replace(/returning \*$/, 'returning jobs.*'))))
write('graphile.cycle',
  `${fill(await getJobs(1), ':worker', ':tasks')} \\gset`,
  `${fill(await completeJobs([1]), ':id')};`)
for (const size of batches) {
  write(`graphile.batch${size}`,
    `select array_agg(id) as ids from bench.graphile_get_${size}(:worker, :tasks::integer[]) \\gset`,
    `${fill(await completeJobs([1, 2]), ':ids')};`)
}

// pg-boss: the fetch and the fenced complete of its work().
const plans = await load('pg-boss/dist/plans.js')
const { default: { pgboss } } = await import(`${packages}/pg-boss/package.json`, { with: { type: 'json' } })
const fetchJobs = limit => plans.fetchNextJob({ schema: 'pgboss', table: 'job_common', name: 'bench', policy: 'standard', limit }).text
const complete = plans.completeJobs('pgboss', 'job_common', false, true)
write('pgboss.install',
  plans.create('pgboss', pgboss.schema, { createSchema: true }), ';',
  plans.createQueue('pgboss', 'bench', { policy: 'standard' }), ';',
  'create schema if not exists bench;',
  ...batches.map(limit => body(`pgboss_fetch_${limit}`, ['',
    'table (id uuid, name text, data jsonb, retry_count integer, expire integer, heartbeat integer, group_id text, group_tier text)'], fetchJobs(limit))))
write('pgboss.cycle',
  `${fetchJobs(1)} \\gset`,
  `${fill(complete, "'bench'", 'array[:id]', 'null', "array[:id || ':' || :retryCount]")};`)
for (const limit of batches) {
  write(`pgboss.batch${limit}`,
    `select array_agg(id) as ids, array_agg(id || ':' || retry_count) as attempts from bench.pgboss_fetch_${limit}() \\gset`,
    `${fill(complete, "'bench'", ':ids', 'null', ':attempts')};`)
}
