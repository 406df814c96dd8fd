import { openDatabase } from '../../../db/database.ts'
import { createOutgoing } from '../../../jobs/outgoing.ts'
import { startWorker } from '../../../jobs/worker.ts'
import { openCrawlEngine } from './engine.ts'

const { url, slots, ownHosts } = JSON.parse(process.argv[2]!) as { url: string; slots: number; ownHosts: string[] }

// As server/main.ts starts a worker.
const database = openDatabase(url, { max: 8, prepare: true })
const engine = await openCrawlEngine(url, database.db, { ownHosts, supervise: true })
const outgoing = createOutgoing({ allowHosts: ownHosts, userAgent: 'Mailquarry-bench' })
const worker = await startWorker({ engine, url, outgoing, slots })

let before = process.cpuUsage()

const end = async () => {
  const { user, system } = process.cpuUsage(before)
  const { maxRSS } = process.resourceUsage()
  await worker.stop()
  await engine.close()
  await outgoing.close()
  await database.close()
  process.send!({ maxRssMb: maxRSS / 1_024, cpuMs: (user + system) / 1_000 }, () => process.exit(0))
}
const begin = () => {
  before = process.cpuUsage()
  process.send!('begun')
}
process.on('message', (what) => (what === 'begin' ? begin() : void end()))
process.on('disconnect', () => process.exit(1))
process.send!('ready')
