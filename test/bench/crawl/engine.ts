import type { Kysely } from 'kysely'
import { pino } from 'pino'

import type { DB } from '../../../db/types.ts'
import { type Engine, openEngine } from '../../../jobs/engine.ts'
import { testBlobs } from '../../support/engine.ts'

/** The engine as `npm start` has it, for hosts that are the operator's own: without a pause between requests. */
export function openCrawlEngine(
  url: string,
  db: Kysely<DB>,
  { ownHosts, supervise }: { ownHosts: string[]; supervise: boolean },
): Promise<Engine> {
  const settings = { minDelayMs: 0, hostsPerAddress: 100, userAgentContact: '', ownHosts }
  const log = pino({ level: 'warn' })
  return openEngine({ url, db, blobs: testBlobs(url), secretKey: undefined, settings, log, supervise })
}
