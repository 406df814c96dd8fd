import { setImmediate as turn } from 'node:timers/promises'

import { foundAddresses } from '../../db/found-addresses.ts'
import { suppressedNow } from '../../db/suppressions.ts'
import { answeredAddresses } from '../../db/verdicts.ts'
import { parseAddress } from '../engines/address/parse.ts'
import { defaultPolicy } from '../engines/verify/policy.ts'
import { textFacts } from '../engines/verify/text-facts.ts'
import { verdict } from '../engines/verify/verdict.ts'
import { type Estimate, JobFailure, type Outlook } from '../job-kind.ts'
import type { VerifyInput } from './input.ts'
import { type ListIo, openList } from './list-source.ts'
import { adapters } from './services/adapters.ts'
import { batchAdapters } from './services/batch-adapters.ts'
import { planOf } from './verify-run.ts'

const rowsAtOnce = 2_000
/** A form is not kept waiting: of longer lists the first rows are looked at. */
const mostRows = 100_000

/** What a verification comes to: different addresses, those that the store answers, and those that a service may have to be paid for. Nobody is asked. */
export async function estimateVerification(input: VerifyInput, outlook: Outlook): Promise<Estimate> {
  const now = new Date()
  const rules = planOf({ input, io: { now: () => now } }, { beganAt: now }).rules()
  const { service } = input
  const met = new Set<string>()
  let [rows, usable, known, open] = [0, 0, 0, 0]
  let part: string | undefined
  try {
    const list = await openList({ input, io: listIo(outlook), jobId: 0 }, undefined)
    for await (const portion of list.portions(undefined, rowsAtOnce)) {
      if (rows >= mostRows) {
        part = `the first ${rows} rows of a longer list`
        break
      }
      rows += portion.rows.length
      const addresses = addressesOf(portion.rows)
      usable += addresses.length
      const fresh = differentOf(addresses, met)
      const answered = new Set(await answeredAddresses(outlook.db, fresh, rules))
      known += answered.size
      if (service !== 'builtin') {
        const left = fresh.filter((address) => !answered.has(address) && isOpen(address, now))
        open += left.length - (await suppressedNow(outlook.db, left)).size
      }
      await turn()
    }
  } catch (error) {
    if (!(error instanceof JobFailure)) throw error
    part = `the first ${rows} rows, since then it cannot be read (${error.message})`
  }
  const asks = service !== 'builtin'
  return {
    items: part === undefined ? rows : null,
    fresh: met.size - known,
    known,
    repeated: usable - met.size,
    unusable: rows - usable,
    paidCalls: asks ? open : null,
    seconds: asks ? secondsOf(service, open) : null,
    basis: `${part ?? 'all rows'} and what is known now${asks ? '; fewer calls where DNS tells that a domain takes no mail' : ''}`,
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

/** In normal form. What is no address is never asked about. */
function addressesOf(rows: readonly { given: string }[]): string[] {
  return rows.flatMap(({ given }) => {
    const parsed = parseAddress(given)
    return parsed.ok ? [parsed.address] : []
  })
}

/** Those that were not met before. */
function differentOf(addresses: readonly string[], met: Set<string>): string[] {
  return addresses.filter((address) => !met.has(address) && met.add(address))
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
