// npm run chaos [-- --seed 1 --kills 50 --job relay|crawl]
import { parseArgs } from 'node:util'

import { sql } from 'kysely'

import { crawlRows } from '../support/crawl-rows.ts'
import { startGeneratedSite } from '../support/generated-site.ts'
import { type ChaosPlan, runChaos } from './chaos.ts'
import { openStage } from './stage.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    kills: { type: 'string', default: '50' },
    job: { type: 'string' },
  },
})
const plan: ChaosPlan = {
  seed: Number(values.seed),
  kills: Number(values.kills),
  targets: { worker: 76, api: 12, postgres: 12 },
  pauseMs: [300, 1_700],
}
let broken = 0

if (values.job !== 'crawl') {
  const stage = await openStage({ workers: 2, slots: 30, allowHosts: [] })
  const relay = { shards: 320, steps: 20, rowsPerStep: 5, letterEvery: 8 }
  const rowsOf = async (jobId: number) =>
    (
      await sql<{ row: string }>`select row from relay_rows where job_id = ${jobId} order by row`.execute(
        stage.database.db,
      )
    ).rows.map((r) => r.row)
  await report('relay', () =>
    runChaos(stage, { kind: 'relay', input: { ...relay, stepMs: 400 }, calmInput: relay }, rowsOf, plan),
  )
  await stage.close()
}
if (values.job !== 'relay') {
  const site = await startGeneratedSite({
    seed: 3,
    hosts: 4,
    pagesPerHost: 500,
    linksPerPage: 20,
    pageBytes: 8_000,
    delayMs: 90,
  })
  const allowHosts = site.startUrls.map((url) => new URL(url).host)
  const stage = await openStage({ workers: 2, slots: 4, allowHosts })
  const input = { startUrls: site.startUrls, maxPagesPerDomain: 100_000, minDelayMs: 0 }
  await report('crawl', () =>
    runChaos(stage, { kind: 'scrape-emails', input }, (jobId) => crawlRows(stage.database.db, jobId), plan),
  )
  await stage.close()
  await site.close()
}
process.exit(broken === 0 ? 0 : 1)

async function report(name: string, run: () => ReturnType<typeof runChaos>) {
  const result = await run()
  console.log(JSON.stringify({ chaos: name, seed: plan.seed, ...result }))
  broken += result.broken.length
}
