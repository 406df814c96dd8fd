import { setImmediate as turn } from 'node:timers/promises'

import { foundAddresses } from '../../db/found-addresses.ts'
import { suppressedNow } from '../../db/suppressions.ts'
import { answeredAddresses } from '../../db/verdicts.ts'
import type { ListRow } from '../../db/verify-lists.ts'
import { defaultPolicy } from '../engines/verify/policy.ts'
import { textFacts } from '../engines/verify/text-facts.ts'
import { verdict } from '../engines/verify/verdict.ts'
import { type Estimate, JobFailure, type Outlook } from '../job-kind.ts'
import type { VerifyInput } from './input.ts'
import { type ListIo, openList } from './list-source.ts'
import { listRow } from './read-list.ts'
import { adapters } from './services/adapters.ts'
import { batchAdapters } from './services/batch-adapters.ts'
import { planOf } from './verify-run.ts'

const rowsAtOnce = 2_000
/** A form is not kept waiting: of longer lists the first rows are looked at. */
const mostRows = 100_000

/** What a verification comes to, as the job will count it: its results, what it skips, and which a service may have to be paid for. Nobody is asked. */
export async function estimateVerification(input: VerifyInput, outlook: Outlook): Promise<Estimate> {
  const now = new Date()
  const rules = planOf({ input, io: { now: () => now } }, { beganAt: now }).rules()
  const { service } = input
  const met = new Set<string>()
  const barred = new Set<string>()
  let [rows, fresh, known, unusable, repeated, empty, suppressed, open] = [0, 0, 0, 0, 0, 0, 0, 0]
  let part: string | undefined
  try {
    const list = await openList({ input, io: listIo(outlook), jobId: 0 }, undefined)
    for await (const portion of list.portions(undefined, rowsAtOnce)) {
      if (rows >= mostRows) {
        part = `the first ${rows} entries of a longer list`
        break
      }
      rows += portion.rows.length
      const filled = portion.rows.map(({ given }) => listRow(0, given, null)).filter(isFilled)
      const different = differentOf(filled, met)
      const texts = different.filter(({ domain }) => domain === '')
      const addresses = different.filter(({ domain }) => domain !== '').map(({ address }) => address)
      for (const address of await suppressedNow(outlook.db, addresses)) barred.add(address)
      const stored = addresses.filter((address) => !barred.has(address))
      const answered = new Set(await answeredAddresses(outlook.db, stored, rules))
      empty += portion.rows.length - filled.length
      const left = filled.filter(({ address }) => barred.has(address)).length
      repeated += filled.length - left - texts.length - stored.length
      unusable += texts.length
      suppressed += left
      known += answered.size
      fresh += stored.length - answered.size
      if (service !== 'builtin')
        open += stored.filter((address) => !answered.has(address) && isOpen(address, now)).length
      await turn()
    }
  } catch (error) {
    if (!(error instanceof JobFailure)) throw error
    part = `the first ${rows} entries, since then it cannot be read (${error.message})`
  }
  const asks = service !== 'builtin'
  return {
    items: part === undefined ? rows : null,
    fresh,
    known,
    unusable,
    repeated,
    empty,
    suppressed,
    paidCalls: asks ? open : null,
    seconds: asks ? secondsOf(service, open) : null,
    basis: `${part ?? 'all entries'} and what is known now${asks ? '; fewer calls where DNS tells that a domain takes no mail' : ''}`,
  }
}

function listIo({ db, owner, openUpload }: Outlook): ListIo {
  return {
    async openUpload(id) {
      const upload = await openUpload(id)
      // That there is none is refused when the job is started.
      return (start) => upload?.read({ start }) ?? []
    },
    foundAddresses: (_jobId, which, page) => foundAddresses(db, owner, which, page),
  }
}

type FilledRow = ListRow & { address: string }

function isFilled(row: ListRow): row is FilledRow {
  return row.address !== null
}

/** Those that were not met before. */
function differentOf(rows: readonly FilledRow[], met: Set<string>): FilledRow[] {
  return rows.filter(({ address }) => {
    if (met.has(address)) return false
    met.add(address)
    return true
  })
}

/** Whether its text leaves anything to ask. */
function isOpen(address: string, now: Date): boolean {
  const at = now.toISOString()
  const evidence = { depth: 'SYNTAX', engine: 'builtin', at, tries: 1, text: textFacts(address) } as const
  return verdict(evidence, defaultPolicy, now).reason === 'syntax_ok'
}

/** Services that take many at once say nothing of how long that takes. */
function secondsOf(service: Exclude<VerifyInput['service'], 'builtin'>, calls: number): number | null {
  return batchAdapters[service] ? null : Math.round((calls * adapters[service].intervalMs) / 1_000)
}
