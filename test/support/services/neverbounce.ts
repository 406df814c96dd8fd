import type { ApiRequest } from './api-request.ts'
import { keepBatches } from './batches.ts'
import type { Batch, Batches } from './batches.ts'
import { startFakeApi } from './fake-api.ts'
import type { ApiCall, ApiReply, FakeApi } from './fake-api.ts'
import type { Outcome } from './outcomes.ts'

export type NeverBounceTrouble = 'outOfQuota' | 'throttled' | 'temporary' | 'badReferrer' | 'tooLarge'

export interface NeverBounce extends FakeApi<NeverBounceTrouble> {
  batches: Batches
}

const largestBodyBytes = 25_000_000

/**
 * NeverBounce v4.2, from "NeverBounce v4.2" in providers.md: what goes wrong comes with HTTP 200 and says so in the body's `status`. The
 * fields of jobs are those of its published documentation and its open-source clients (NeverBounceApi-Ruby, NeverBounceApi-NET).
 */
export async function startNeverBounce(key = 'neverbounce-test-key'): Promise<NeverBounce> {
  const batches = keepBatches()
  const jobOf = (request: ApiRequest) => batches.find(String(sentIn(request)['job_id']))
  const api = await startFakeApi<NeverBounceTrouble>(
    {
      basePath: '/v4.2',
      keyOf: (request) => sentIn(request)['key'] as string | undefined,
      troubles: {
        wrongKey: failure('auth_failure', "We were unable to authenticate your request. Invalid API key '***'."),
        outOfQuota: failure('general_failure', 'Insufficient credit balance.'),
        throttled: failure('throttle_triggered', 'Too many requests in a short amount of time.'),
        temporary: failure('temp_unavail', 'The service is temporarily unavailable.'),
        badReferrer: failure('bad_referrer', 'The request comes from an untrusted referrer.'),
        tooLarge,
      },
      routes: [
        ...byGetAndPost('/single/check', ['key', 'email', 'timeout?', 'address_info?', 'credits_info?'], {
          bills: (request) => [String(sentIn(request)['email'])],
          answer: (call) => ({ body: { ...success(), ...resultOf(String(sentIn(call)['email']), call) } }),
        }),
        {
          method: 'POST',
          path: '/v4.2/jobs/create',
          body: ['key', 'input', 'input_location', 'filename?', 'auto_start?', 'auto_parse?'],
          bills: inputOf,
          refuses: ({ bodyBytes }) => (bodyBytes > largestBodyBytes ? tooLarge : undefined),
          answer: (call) => ({
            body: { ...success(), job_id: Number(batches.make(inputOf(call), String(batches.all.length + 1)).id) },
          }),
        },
        ...byGetAndPost('/jobs/status', ['key', 'job_id'], {
          answer(call) {
            const job = jobOf(call)
            if (!job) return noJob
            job.polls += 1
            return { body: { ...success(), ...statusOf(job, batches.isDone(job), call) } }
          },
        }),
        ...byGetAndPost('/jobs/results', ['key', 'job_id', 'page?', 'items_per_page?'], {
          answer(call) {
            const job = jobOf(call)
            if (!job) return noJob
            if (!batches.isDone(job)) return failure('general_failure', 'The results are not available yet.')
            const { page = 1, items_per_page: perPage = 10 } = sentIn(call)
            const from = (Number(page) - 1) * Number(perPage)
            const results = job.addresses.slice(from, from + Number(perPage))
            return {
              body: {
                ...success(),
                total_results: job.addresses.length,
                total_pages: Math.ceil(job.addresses.length / Number(perPage)),
                query: { job_id: Number(job.id), page: Number(page), items_per_page: Number(perPage) },
                results: results.map((email) => ({ data: { email }, verification: resultOf(email, call) })),
              },
            }
          },
        }),
      ],
    },
    key,
  )
  return Object.assign(api, { batches })
}

type Rest = Pick<Parameters<typeof startFakeApi>[0]['routes'][number], 'bills' | 'answer'>

/** Fields are taken from the query of a GET, and from JSON or a form by POST. */
function byGetAndPost(path: string, fields: string[], rest: Rest) {
  const encodings: ('json' | 'form')[] = ['json', 'form']
  return [
    { method: 'GET' as const, path: `/v4.2${path}`, query: fields, ...rest },
    { method: 'POST' as const, path: `/v4.2${path}`, body: fields, encodings, ...rest },
  ]
}

function sentIn({ query, body }: ApiRequest): Record<string, unknown> {
  return { ...query, ...(body as Record<string, unknown> | undefined) }
}

/** Each entry is an object with the address, or a row whose first cell it is. */
function inputOf({ body }: ApiRequest): string[] {
  const { input } = body as { input: ({ email: string } | string[])[] }
  return input.map((entry) => (Array.isArray(entry) ? entry[0]! : entry.email))
}

function success() {
  return { status: 'success', execution_time: 12 }
}

function failure(status: string, message: string): ApiReply {
  return { body: { status, message, execution_time: 1 } }
}

const noJob = failure('general_failure', 'Invalid job ID')
const tooLarge: ApiReply = {
  status: 413,
  headers: { 'content-type': 'text/html' },
  body: '<h1>413 Request Entity Too Large</h1>',
}

function statusOf(job: Batch, isDone: boolean, call: ApiCall) {
  const count = (result: string) =>
    isDone ? job.addresses.filter((address) => says[call.outcomeOf(address)].result === result).length : 0
  return {
    id: Number(job.id),
    filename: 'list',
    created_at: job.createdAt.toISOString(),
    job_status: isDone ? 'complete' : 'running',
    percent_complete: isDone ? 100 : 50,
    total: {
      records: job.addresses.length,
      billable: job.addresses.length,
      processed: isDone ? job.addresses.length : 0,
      valid: count('valid'),
      invalid: count('invalid'),
      catchall: count('catchall'),
      disposable: count('disposable'),
      unknown: count('unknown'),
    },
  }
}

function resultOf(email: string, call: ApiCall) {
  // What is left of `a+b@c.test` where its plus was not escaped in a form.
  if (email.includes(' ')) return { result: 'invalid', flags: ['bad_syntax'], suggested_correction: '' }
  return { ...says[call.outcomeOf(email)], suggested_correction: '', ...call.fieldsOf(email) }
}

const says: Record<Outcome, { result: string; flags: string[] }> = {
  valid: { result: 'valid', flags: ['has_dns', 'has_dns_mx'] },
  webmail: { result: 'valid', flags: ['has_dns', 'has_dns_mx', 'free_email_host'] },
  role: { result: 'valid', flags: ['has_dns', 'has_dns_mx', 'role_account'] },
  invalid: { result: 'invalid', flags: ['has_dns', 'has_dns_mx'] },
  disabled: { result: 'invalid', flags: ['has_dns', 'has_dns_mx'] },
  full: { result: 'invalid', flags: ['has_dns', 'has_dns_mx'] },
  catchall: { result: 'catchall', flags: ['has_dns', 'has_dns_mx', 'accepts_all'] },
  disposable: { result: 'disposable', flags: ['has_dns', 'disposable_email'] },
  spamtrap: { result: 'invalid', flags: ['has_dns', 'spamtrap_network'] },
  abuse: { result: 'unknown', flags: ['has_dns'] },
  toxic: { result: 'unknown', flags: ['has_dns'] },
  unknown: { result: 'unknown', flags: ['has_dns'] },
}
