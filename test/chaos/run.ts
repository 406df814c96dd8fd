// npm run chaos [-- --seed 1 --kills 50 --job relay|crawl|verify --size full|small --rows 1000000]
// npm run chaos -- --mutants [--only fence --seed 1 --kills 12]
import { parseArgs } from 'node:util'

import type { JobName, Size } from './chaos-job.ts'
import { type ChaosReport, runChaos } from './chaos.ts'
import { runMutants } from './mutants.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    kills: { type: 'string' },
    job: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string' },
    size: { type: 'string', default: 'full' },
    /** Of the list that is verified. */
    rows: { type: 'string' },
  },
})
const [seed, size] = [Number(values.seed), values.size as Size]
const rows = values.rows === undefined ? undefined : Number(values.rows)
const kills = Number(values.kills ?? (values.mutants ? 12 : 50))
if (values.mutants) process.exit((await runMutants(seed, kills, values.only)) ? 0 : 1)
const jobs = values.job === undefined ? (['relay', 'crawl', 'verify'] as const) : [values.job as JobName]

let broken = 0
for (const job of jobs) {
  const report = await runChaos({ job, size, rows, seed, kills, tell: (line) => console.error(`${job}: ${line}`) })
  broken += report.broken.length
  tell(report)
}
process.exit(broken === 0 ? 0 : 1)

function tell(report: ChaosReport): void {
  const { job, faults, ...facts } = report
  console.log(`\n${job}, seed ${seed}: ${facts.broken.length === 0 ? 'all holds' : 'BROKEN'}`)
  const done = Object.entries(faults).map(([fault, count]) => `${fault} ${count}`)
  console.log(`  ${done.join(', ')}`)
  console.log(
    `  ${facts.kills} kills, ${facts.hits} of them hit running shards; ${facts.takenOver} epochs taken over; ${facts.lostMessages} waiting messages lost`,
  )
  console.log(
    `  ${facts.shards} shards, ${facts.steps} steps, ${facts.events} events, seen over ${facts.connections} connections`,
  )
  console.log(`  ${facts.seconds} s; undisturbed and without pauses ${facts.calmSeconds} s`)
  for (const what of facts.broken) console.log(`  BROKEN ${what}`)
  if (facts.broken.length > 0)
    console.log(
      `  again: npm run chaos -- --job ${job} --seed ${seed} --kills ${kills} --size ${size}${rows ? ` --rows ${rows}` : ''}`,
    )
  console.log(JSON.stringify({ chaos: job, ...report }))
}
