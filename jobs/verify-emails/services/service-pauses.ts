import type { ServiceFailure } from '../../engines/verify/services/answer.ts'
import { type Service, serviceNames } from '../../engines/verify/terms.ts'
import { JobFailure } from '../../job-kind.ts'
import type { VerifyIo } from '../io.ts'
import type { MailboxRound } from '../mailbox-checks.ts'
import { earlier } from '../wait.ts'
import { adapters } from './adapters.ts'

/** Where a service is, and with which key it is asked. */
export interface ServiceAccount {
  base: string
  key: string
}

/** Without a word of the service: how long nobody calls. */
const slowDownMs = 60_000
const quotaMs = 3_600_000
/** No Retry-After is taken for longer: a slip of the service would hold up lists for years. The day when a plan is refilled is another matter. */
const longestPauseMs = 86_400_000

/**
 * Does what a refusal asks of all who call the service: pauses them, or throws JobFailure where no call will succeed. False where it is about the one
 * request alone.
 */
export async function heedRefusal(
  { io, service, signal }: { io: VerifyIo; service: Service; signal: AbortSignal },
  { base, key }: ServiceAccount,
  { kind, message, afterMs, until }: ServiceFailure,
  round: MailboxRound,
): Promise<boolean> {
  const pause = async (at: Date, why: string): Promise<true> => {
    await io.pauseService(service, key, at, why)
    round.wait = earlier(round.wait, { at, why: `${serviceNames[service]}: ${why}` })
    return true
  }
  const asAsked = (otherwiseMs: number) =>
    new Date(io.now().getTime() + Math.min(afterMs ?? otherwiseMs, longestPauseMs))
  switch (kind) {
    case 'slow-down':
      return pause(asAsked(slowDownMs), `asked to go slower (${message})`)
    case 'quota': {
      const refill = until ?? (await io.quotaReset(service, base, key, signal))
      // A day of reset that has come already has brought none yet.
      const isToCome = refill !== null && Date.parse(refill) > io.now().getTime()
      return pause(isToCome ? new Date(refill) : asAsked(quotaMs), `paid calls are used up (${message})`)
    }
    case 'key':
      throw new JobFailure('SERVICE_KEY_REFUSED', `${serviceNames[service]} refuses the key: ${message}`)
    case 'ours-to-fix':
      if (adapters[service].stopsAtBadRequest)
        throw new JobFailure('SERVICE_REFUSED', `${serviceNames[service]} refuses the request: ${message}`)
      return false
    case 'retry':
    case 'suppress':
      return false
  }
}

/** Whether a refusal was for now, and the same request will do later. */
export function isForNow({ kind }: ServiceFailure): boolean {
  return kind === 'slow-down' || kind === 'quota'
}
