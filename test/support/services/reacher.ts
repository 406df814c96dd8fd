import type { ApiRequest } from './api-request.ts'
import { keepBatches } from './batches.ts'
import type { Batches } from './batches.ts'
import { startFakeApi } from './fake-api.ts'
import type { ApiCall, FakeApi } from './fake-api.ts'
import { domainOf, localPartOf } from './outcomes.ts'
import type { Outcome } from './outcomes.ts'

export type ReacherTrouble = 'throttled'

export interface Reacher extends FakeApi<ReacherTrouble> {
  batches: Batches
  /** Addresses, in lower case, of which a part could not be found out: that part is `{ error }`. */
  failedParts: Map<string, ('misc' | 'mx' | 'smtp')[]>
}

/** Reacher, from "Reacher" in providers.md; the fields of each part are those of the openapi.json of reacherhq. Its paths begin with /v1. */
export async function startReacher(key = 'reacher-test-secret'): Promise<Reacher> {
  const batches = keepBatches()
  const failedParts: Reacher['failedParts'] = new Map()
  const checked = (email: string, call: ApiCall) => {
    const result: Record<string, unknown> = { ...resultOf(email, call.outcomeOf(email)), ...call.fieldsOf(email) }
    for (const part of failedParts.get(email.toLowerCase()) ?? []) {
      result[part] = { error: { type: 'SmtpError', message: 'timed out' } }
    }
    return result
  }
  const api = await startFakeApi<ReacherTrouble>(
    {
      basePath: '',
      keyOf: ({ headers }) => headers['x-reacher-secret']?.toString(),
      troubles: {
        wrongKey: { status: 401, body: { error: 'Missing or wrong x-reacher-secret header' } },
        throttled: { status: 429, body: { error: 'Too many requests' } },
      },
      routes: [
        {
          method: 'POST',
          path: '/v1/check_email',
          body: ['to_email'],
          bills: ({ body }) => [(body as { to_email: string }).to_email],
          answer: (call) => ({ body: checked((call.body as { to_email: string }).to_email, call) }),
        },
        {
          method: 'POST',
          path: '/v1/bulk',
          body: ['input'],
          bills: inputOf,
          answer: (call) => ({
            body: { job_id: Number(batches.make(inputOf(call), String(batches.all.length + 1)).id) },
          }),
        },
        {
          method: 'GET',
          path: '/v1/bulk/{id}',
          answer({ params }) {
            const batch = batches.find(params['id']!)
            if (!batch) return notFound
            batch.polls += 1
            const total = batch.addresses.length
            const isDone = batches.isDone(batch)
            return {
              body: {
                job_id: Number(batch.id),
                created_at: batch.createdAt.toISOString(),
                finished_at: isDone ? batch.createdAt.toISOString() : null,
                total_records: total,
                total_processed: isDone ? total : 0,
                job_status: isDone ? 'Completed' : 'Running',
              },
            }
          },
        },
        {
          method: 'GET',
          path: '/v1/bulk/{id}/results',
          query: ['format?', 'limit?', 'offset?'],
          answer(call) {
            const batch = batches.find(call.params['id']!)
            if (!batch) return notFound
            if (!batches.isDone(batch)) return { status: 400, body: { error: 'Job is still running' } }
            const { limit = 50, offset = 0 } = call.query
            const page = batch.addresses.slice(Number(offset), Number(offset) + Number(limit))
            return { body: { results: page.map((email) => checked(email, call)) } }
          },
        },
      ],
    },
    key,
  )
  return Object.assign(api, { batches, failedParts })
}

const notFound = { status: 404, body: { error: 'Job not found' } }

function inputOf({ body }: ApiRequest): string[] {
  return (body as { input: string[] }).input
}

function resultOf(input: string, outcome: Outcome) {
  const domain = domainOf(input)
  const is = (...those: Outcome[]) => those.includes(outcome)
  return {
    input,
    is_reachable: reachable[outcome],
    misc: { is_disposable: is('disposable'), is_role_account: is('role') },
    mx: { accepts_mail: true, records: [`mx.${domain}.`] },
    smtp: {
      can_connect_smtp: !is('unknown'),
      has_full_inbox: is('full'),
      is_catch_all: is('catchall'),
      is_deliverable: !is('invalid', 'disabled', 'full', 'unknown'),
      is_disabled: is('disabled'),
    },
    syntax: { address: input, domain, is_valid_syntax: true, username: localPartOf(input) },
  }
}

const reachable: Record<Outcome, 'safe' | 'invalid' | 'risky' | 'unknown'> = {
  valid: 'safe',
  webmail: 'safe',
  role: 'risky',
  catchall: 'risky',
  disposable: 'risky',
  full: 'risky',
  spamtrap: 'risky',
  abuse: 'risky',
  toxic: 'risky',
  invalid: 'invalid',
  disabled: 'invalid',
  unknown: 'unknown',
}
