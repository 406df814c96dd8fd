// npm run bench -- export [rounds] [rows]: a job's addresses as CSV over HTTP against `psql \copy` of the same columns in the same order, in turns; the
// memory of the API's process beside it, at a tenth of the rows and at all of them.
import { execFile, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { type Kysely, sql } from 'kysely'

import { openDatabase } from '../../../db/database.ts'
import { startEmbedded } from '../../../db/embedded.ts'
import { addressTable } from '../../../db/export-tables.ts'
import { migrate } from '../../../db/migrate.ts'
import type { DB } from '../../../db/types.ts'
import { freePortPair } from '../../support/program.ts'

const rounds = Number(process.argv[2] ?? 5)
const rows = Number(process.argv[3] ?? 1_000_000)

const dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-bench-'))
const embedded = await startEmbedded({ dataDir, durable: false })
try {
  await run()
} finally {
  await embedded.stop()
  await rm(dataDir, { recursive: true, force: true })
}

async function run(): Promise<void> {
  await migrate(embedded.url)
  const { db, close } = openDatabase(embedded.url, { max: 2 })
  const small = await addJob(db, rows / 10)
  const large = await addJob(db, rows)
  await sql`vacuum analyze`.execute(db)
  const port = await freePortPair()
  const api = fork(join(import.meta.dirname, '../../chaos/api-process.ts'), [
    JSON.stringify({ url: embedded.url, port }),
  ])
  await once(api, 'message')
  const download = (jobId: number, format: string) =>
    readAll(`http://127.0.0.1:${port}/export/jobs/${jobId}/addresses.${format}`)
  const psql = await promisify(execFile)('psql', ['--version']).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
  console.log(psql ?? 'psql is missing: apt-get install postgresql-client')

  await download(small, 'csv')
  const smallMb = await during(api.pid!, () => download(small, 'csv'))
  const [ours, ndjson, peer]: number[][] = [[], [], []]
  let largeMb = 0
  let sizeBytes = 0
  for (let round = 1; round <= rounds; round++) {
    peer!.push(psql ? await seconds(() => copyByPsql(large)) : NaN)
    const taken = await seconds(async () => {
      largeMb = Math.max(largeMb, await during(api.pid!, async () => (sizeBytes = await download(large, 'csv'))))
    })
    ours!.push(taken)
    ndjson!.push(await seconds(() => download(large, 'ndjson')))
    console.log(
      `round ${round}: CSV ${taken.toFixed(2)} s, NDJSON ${ndjson!.at(-1)!.toFixed(2)} s, psql \\copy ${peer!.at(-1)!.toFixed(2)} s`,
    )
  }
  api.kill()
  await once(api, 'exit')
  await close()
  console.log(`${rows} rows, ${(sizeBytes / 1e6).toFixed(0)} MB`)
  console.log(
    JSON.stringify({
      bench: 'export',
      ours: rounded(median(ours!)),
      peer: psql ? rounded(median(peer!)) : 'missing',
      unit: 's',
      ratio: psql ? rounded(median(ours!) / median(peer!)) : null,
      ndjson: rounded(median(ndjson!)),
      peakRssMb: Math.round(largeMb),
      rssGrowth: rounded(largeMb / smallMb),
    }),
  )
}

/** As crawls store them, 64 addresses a commit group. */
async function addJob(db: Kysely<DB>, count: number): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into jobs (kind, state, title, owner, input) values ('scrape-emails', 'COMPLETED', 'bench', 'local', '{}') returning id`.execute(
    db,
  )
  const { id } = rows[0]!
  await sql`insert into addresses (address, domain) select 'person' || i || '@site' || i % 5000 || '.example', 'site' || i % 5000 || '.example'
    from generate_series(1, ${count}::int) i on conflict do nothing`.execute(db)
  await sql`insert into job_groups (job_id, step, group_id) select ${id}, i, ${id} * 10000000 + i from generate_series(0, ${count}::int / 64) i`.execute(
    db,
  )
  await sql`insert into job_addresses (job_id, address, domain, group_id, place, source_url, method, snippet, confidence, quality, reasons,
      person_name, position, worker_id, found_at)
    select ${id}, 'person' || i || '@site' || i % 5000 || '.example', 'site' || i % 5000 || '.example', ${id} * 10000000 + i / 64, i % 64,
      'https://site' || i % 5000 || '.example/team/page-' || i % 97, case when i % 3 = 0 then 'mailto' else 'text' end,
      'For questions about the orchard, write to person' || i || ' or call, in the "office" hours', (i % 100) / 100.0,
      (array['high', 'medium', 'low'])[1 + i % 3], array['own domain', 'near a name'],
      case when i % 4 = 0 then 'Person Number ' || i end, case when i % 8 = 0 then 'Head of Trees' end, 'host-1-4711', now()
    from generate_series(1, ${count}::int) i`.execute(db)
  return id
}

async function copyByPsql(jobId: number): Promise<void> {
  const { columns } = addressTable(jobId, {}, 'FOUND')
  const query = `select ${columns.map(({ value }) => value).join(', ')} from job_groups g join job_addresses a on a.job_id = g.job_id and a.group_id = g.group_id where g.job_id = ${jobId} and a.job_id = ${jobId} order by g.step, g.group_id, a.place`
  const child = spawn('psql', ['-qX', embedded.url, '-c', `\\copy (${query}) to '/dev/null' csv header`], {
    stdio: 'inherit',
  })
  const [code] = (await once(child, 'exit')) as [number]
  if (code !== 0) throw new Error(`psql ended with ${code}`)
}

async function readAll(url: string): Promise<number> {
  const [response] = (await once(get(url), 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`${url} answers ${response.statusCode}`)
  let bytes = 0
  response.on('data', (chunk: Buffer) => (bytes += chunk.length))
  await once(response, 'end')
  return bytes
}

/** The most memory, in MB, that a process holds meanwhile, asked ten times a second. */
async function during(pid: number, work: () => Promise<unknown>): Promise<number> {
  let peak = 0
  const look = () => {
    peak = Math.max(peak, Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024)
  }
  const timer = setInterval(look, 100)
  await work()
  look()
  clearInterval(timer)
  return peak
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return (performance.now() - from) / 1_000
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
