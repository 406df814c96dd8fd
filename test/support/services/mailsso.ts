import { keepBatches } from './batches.ts'
import type { Batch, Batches } from './batches.ts'
import { startFakeApi } from './fake-api.ts'
import type { ApiCall, ApiReply, FakeApi } from './fake-api.ts'
import { domainOf, localPartOf } from './outcomes.ts'
import type { Outcome } from './outcomes.ts'

export type MailssoTrouble = 'outOfQuota' | 'throttled' | 'badRequest'

export interface Mailsso extends FakeApi<MailssoTrouble> {
  batches: Batches
  /** Addresses, in lower case, that a batch leaves out when it is done. They are charged for all the same. */
  leavesOut: Set<string>
}

/** Mails.so, from "Mails.so" in providers.md. */
export async function startMailsso(key = 'mailsso-test-key'): Promise<Mailsso> {
  const batches = keepBatches()
  const leavesOut = new Set<string>()
  const api = await startFakeApi<MailssoTrouble>(
    {
      basePath: '/v1',
      keyOf: ({ headers }) => headers['x-mails-api-key']?.toString(),
      troubles: {
        wrongKey: failure(401, 'Unauthorized.'),
        // The same status as for the key: only the text tells them apart.
        outOfQuota: failure(401, 'Paid subscription required. Please upgrade your plan.'),
        throttled: failure(429, 'Too many requests.'),
        badRequest: failure(400, 'Bad request.'),
      },
      routes: [
        {
          method: 'GET',
          path: '/v1/validate',
          query: ['email'],
          bills: ({ query }) => [query['email']!],
          answer: (call) => ({ body: { data: resultOf(call.query['email']!, call), error: null } }),
        },
        {
          method: 'POST',
          path: '/v1/batch',
          body: ['emails'],
          bills: ({ body }) => (body as { emails: string[] }).emails,
          answer: ({ body }) => ({ body: headOf(batches.make((body as { emails: string[] }).emails), false) }),
        },
        {
          method: 'GET',
          path: '/v1/batch/{id}',
          answer(call) {
            const batch = batches.find(call.params['id']!)
            if (!batch) return failure(404, 'Batch not found.')
            batch.polls += 1
            if (!batches.isDone(batch)) return { body: headOf(batch, false) }
            // By address and not in the order of the request: nothing says that it is kept.
            const kept = batch.addresses.filter((address) => !leavesOut.has(address.toLowerCase())).reverse()
            return { body: { ...headOf(batch, true), emails: kept.map((address) => resultOf(address, call)) } }
          },
        },
      ],
    },
    key,
  )
  return Object.assign(api, { batches, leavesOut })
}

function failure(status: number, error: string): ApiReply {
  return { status, body: { data: null, error } }
}

function headOf({ id, createdAt, addresses }: Batch, isDone: boolean) {
  const created_at = createdAt.toISOString()
  return { id, name: 'batch', created_at, finished_at: isDone ? created_at : null, size: addresses.length }
}

function resultOf(email: string, call: ApiCall) {
  const outcome = call.outcomeOf(email)
  const domain = domainOf(email)
  return {
    id: crypto.randomUUID(),
    email,
    username: localPartOf(email),
    domain,
    mx_record: `mx.${domain}`,
    isv_format: true,
    isv_domain: true,
    isv_mx: outcome === 'unknown' ? null : true,
    isv_noblock: outcome !== 'disposable',
    isv_nocatchall: outcome !== 'catchall',
    isv_nogeneric: outcome !== 'role',
    is_free: outcome === 'webmail',
    is_disposable: outcome === 'disposable',
    provider: null,
    did_you_mean: null,
    ...says[outcome],
    ...call.fieldsOf(email),
  }
}

/** providers.md confirms accepted_email, invalid_format and invalid_domain, and says that there are more: the others stand for those. */
const says: Record<Outcome, { result: string; reason: string; score: number }> = {
  valid: { result: 'deliverable', reason: 'accepted_email', score: 95 },
  webmail: { result: 'deliverable', reason: 'accepted_email', score: 95 },
  role: { result: 'deliverable', reason: 'accepted_email', score: 80 },
  invalid: { result: 'undeliverable', reason: 'rejected_email', score: 0 },
  disabled: { result: 'undeliverable', reason: 'rejected_email', score: 0 },
  catchall: { result: 'risky', reason: 'accept_all', score: 50 },
  disposable: { result: 'risky', reason: 'disposable_email', score: 20 },
  spamtrap: { result: 'risky', reason: 'low_quality', score: 10 },
  abuse: { result: 'risky', reason: 'low_quality', score: 10 },
  toxic: { result: 'risky', reason: 'low_quality', score: 10 },
  full: { result: 'risky', reason: 'mailbox_full', score: 30 },
  unknown: { result: 'unknown', reason: 'timeout', score: 40 },
}
