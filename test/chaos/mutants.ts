import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ChaosReport } from './chaos.ts'

interface Mutant {
  name: string
  /** Each `find` stands exactly once in its file. */
  patches: { file: string; find: string; replace: string }[]
  /** Something that breaks says this. Undefined: nothing may break. */
  breaks?: RegExp
}

/** Builds without a mechanism that the engine stands on: the chaos must turn red for each of them. */
const mutants: Mutant[] = [
  { name: 'as it is', patches: [] },
  {
    name: 'without the fence',
    patches: [
      {
        file: 'jobs/step-transaction.ts',
        find: `return shard?.epoch === s.epoch && shard.state === 'RUNNING'`,
        replace: `return shard?.state === 'RUNNING'`,
      },
    ],
    breaks: /^(rows of relay_rows|items with exactly one fate)/,
  },
  {
    name: 'events numbered by a sequence',
    patches: [
      {
        file: 'db/migrations/0001_engine.sql',
        find: `create index jobs_by_created on`,
        replace: `create function number_events() returns trigger language plpgsql as $$ begin
            execute format('create sequence events_of_%s', new.id); return new; end $$;
          create trigger number_events after insert on jobs for each row execute function number_events();
          create index jobs_by_created on`,
      },
      {
        file: 'db/jobs.ts',
        find: `j.seq - (j.state = 'FINISHING')::int - \${events.length} + n.place,`,
        replace: `nextval('events_of_' || \${jobId}::bigint),`,
      },
      {
        file: 'db/jobs.ts',
        find: `select \${jobId}::bigint, j.seq, 'job.finishing'`,
        replace: `select \${jobId}::bigint, nextval('events_of_' || \${jobId}::bigint), 'job.finishing'`,
      },
      {
        file: 'db/jobs.ts',
        find: `j.seq - \${events.length} + n.place,`,
        replace: `nextval('events_of_' || \${jobId}::bigint),`,
      },
    ],
    breaks: /^(job: gapFree|events seen by the subscriber)/,
  },
  {
    name: 'without the mending of lost messages',
    patches: [
      {
        file: 'jobs/mending.ts',
        find: `const lost = await queueLostShards(trx, 500)`,
        replace: `const lost = await queueLostShards(trx, 0)`,
      },
      {
        file: 'jobs/mending.ts',
        find: `else if (job.state === 'FINISHING' && job.quiet)`,
        replace: `else if (job.state === 'FINISHING' && job.quiet && job.id < 0)`,
      },
    ],
    breaks: /^the job does not end/,
  },
]

/** Runs the chaos on each mutant whose name holds `only`, in a copy of the sources, and prints what broke. False when one of them was not caught. */
export async function runMutants(seed: number, kills: number, only = ''): Promise<boolean> {
  const root = join(import.meta.dirname, '..', '..')
  let caughtAll = true
  for (const mutant of mutants.filter(({ name }) => name.includes(only))) {
    const copy = await mkdtemp(join(tmpdir(), 'mailquarry-mutant-'))
    try {
      for (const part of ['db', 'jobs', 'schema', 'server', 'test', 'package.json'])
        await cp(join(root, part), join(copy, part), { recursive: true })
      await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
      for (const { file, find, replace } of mutant.patches) await patch(join(copy, file), find, replace)
      const report = await runIn(copy, seed, kills)
      const why = mutant.breaks
      const caught = why ? report.broken.some((what) => why.test(what)) : report.broken.length === 0
      caughtAll &&= caught
      console.log(`${caught ? 'as expected' : 'NOT AS EXPECTED'} | ${mutant.name} | ${report.seconds} s`)
      for (const what of report.broken) console.log(`    ${what.slice(0, 240)}`)
      if (report.broken.length === 0) console.log('    nothing broke')
    } finally {
      await rm(copy, { recursive: true, force: true })
    }
  }
  return caughtAll
}

async function patch(path: string, find: string, replace: string): Promise<void> {
  const parts = (await readFile(path, 'utf8')).split(find)
  if (parts.length !== 2)
    throw new Error(`${path} holds ${parts.length - 1} times what a mutant is to replace: ${find}`)
  await writeFile(path, parts.join(replace))
}

/** The report of a run in a copy, which must end with 1 when something broke and with 0 otherwise. */
function runIn(copy: string, seed: number, kills: number): Promise<ChaosReport> {
  const args = ['server/launch.js', 'test/chaos/run.ts', '--job', 'relay', '--size', 'small']
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...args, '--seed', String(seed), '--kills', String(kills)],
      { cwd: copy, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const line = stdout.trim().split('\n').at(-1) ?? ''
        if (!line.startsWith('{')) return reject(new Error(`no report:\n${stdout}\n${stderr}`))
        const report = JSON.parse(line) as ChaosReport
        if (report.broken.length > 0 !== (error?.code === 1)) return reject(new Error(`ended with ${error?.code}`))
        return resolve(report)
      },
    )
  })
}
