import { flushCompileCache } from 'node:module'

import { openDatabase } from '../../db/database.ts'
import type { Settings } from '../../jobs/job-kind.ts'
import { createOutgoing } from '../../jobs/outgoing.ts'
import { startWorker } from '../../jobs/worker.ts'
import { openTestEngine, testSettings } from './engine.ts'
import { shiftClock } from './shift-clock.ts'

const {
  url,
  slots,
  allowHosts = [],
  minDelayMs = 0,
  hostsPerAddress = testSettings.hostsPerAddress,
  clockOffMs = 0,
  retentionDays,
  settings = {},
} = JSON.parse(process.argv[2]!) as {
  url: string
  slots: number
  allowHosts?: string[]
  minDelayMs?: number
  hostsPerAddress?: number
  clockOffMs?: number
  retentionDays?: number
  settings?: Partial<Settings>
}

if (clockOffMs !== 0) shiftClock(clockOffMs)
const { db } = openDatabase(url, { max: 8, prepare: true })
const own = { ownHosts: allowHosts, minDelayMs, hostsPerAddress, ...settings }
const engine = await openTestEngine(url, db, own, true)
const outgoing = createOutgoing({ allowHosts, userAgent: 'Mailquarry-test' })
const worker = await startWorker({ engine, url, outgoing, slots, retentionDays })
process.on('SIGTERM', () => void worker.stop().then(() => process.exit(0)))
process.on('disconnect', () => process.exit(1))
process.send!({ ready: worker.id() })
// Now, since one that is killed writes nothing at its end.
flushCompileCache()
