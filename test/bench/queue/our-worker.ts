import { openDatabase } from '../../../db/database.ts'
import { createOutgoing } from '../../../jobs/outgoing.ts'
import { startWorker } from '../../../jobs/worker.ts'
import { openTickEngine } from './engine.ts'

const { url, slots } = JSON.parse(process.argv[2]!) as { url: string; slots: number }

// As server/main.ts starts a worker.
const database = openDatabase(url, { max: 8, prepare: true })
const engine = await openTickEngine(url, database.db, { supervise: true })
const outgoing = createOutgoing({ allowHosts: [], userAgent: 'Mailquarry-bench' })
const worker = await startWorker({ engine, url, outgoing, slots })

const end = async () => {
  await worker.stop()
  await engine.close()
  await database.close()
  process.send!({ maxRssMb: process.resourceUsage().maxRSS / 1024 }, () => process.exit(0))
}
process.on('message', () => void end())
process.send!('ready')
