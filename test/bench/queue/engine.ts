import type { Kysely } from 'kysely'
import { pino } from 'pino'

import type { DB } from '../../../db/types.ts'
import { type Engine, openEngine } from '../../../jobs/engine.ts'
import { kinds } from '../../../jobs/registry.ts'
import { testBlobs } from '../../support/engine.ts'
import { tickKind } from './tick-kind.ts'

/** The engine with the kind of this bench. */
export function openTickEngine(url: string, db: Kysely<DB>, { supervise = false } = {}): Promise<Engine> {
  if (!kinds.includes(tickKind)) kinds.push(tickKind)
  const settings = { minDelayMs: 0, userAgentContact: '', ownHosts: [], hostsPerAddress: 8 }
  return openEngine({
    url,
    db,
    blobs: testBlobs(url),
    secretKey: undefined,
    settings,
    log: pino({ level: 'warn' }),
    supervise,
  })
}
