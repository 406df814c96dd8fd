import type { ServiceFindings } from '../evidence.ts'
import type { Reason } from '../terms.ts'
import { failure, failureByStatus, nothingFound } from './answer.ts'
import type { FailureKind, HttpAnswer, ServiceAnswer } from './answer.ts'
import type { BatchReply, SaidOfOne } from './batch-reply.ts'
import { asList, asObject, flags, parseObject, suggested, text, word } from './fields.ts'
import type { Fields } from './fields.ts'

/** NeverBounce v4.2, `/single/check`. Whether it went well stands in the body: errors come with HTTP 200. */
export function readNeverbounce(answer: HttpAnswer): ServiceAnswer {
  const body = parseObject(answer.body)
  const status = word(body?.['status'])
  if (answer.status !== 200 || body === undefined || status === null)
    return failureByStatus(answer, text(body?.['message']))
  if (status === 'success') return { kind: 'findings', said: findings(body), raw: body }
  const said = text(body['message'])
  const message = [status, said].filter((part) => part !== null).join(': ')
  if (status === 'general_failure' && said !== null && /credit|balance/i.test(said))
    return failure('quota', message, answer)
  return failure(byStatus[status] ?? 'retry', message, answer)
}

/** `/jobs/create`, `/jobs/status` and `/jobs/results`. */
export function readNeverbounceJob(answer: HttpAnswer): BatchReply {
  const body = parseObject(answer.body)
  if (answer.status !== 200 || word(body?.['status']) !== 'success') return refusal(answer, body)
  if (Array.isArray(body?.['results'])) {
    const rows = asList(body['results']).flatMap((row): [string, SaidOfOne][] => {
      const address = word(asObject(asObject(row)?.['data'])?.['email'])
      const raw = asObject(asObject(row)?.['verification'])
      return address === null || raw === undefined ? [] : [[address, { said: findings(raw), raw }]]
    })
    return { kind: 'finished', said: new Map(rows) }
  }
  const state = word(body?.['job_status'])
  if (state === 'complete') return { kind: 'ready' }
  if (state === 'failed') return failed('the service could not do it', answer)
  const id = body?.['job_id'] ?? body?.['id']
  return typeof id === 'number' || typeof id === 'string' ? { kind: 'running', id: String(id) } : refusal(answer, body)
}

function refusal(answer: HttpAnswer, body: Fields | undefined): BatchReply {
  const refused = readNeverbounce({ ...answer, body: JSON.stringify({ ...body, status: body?.['status'] ?? null }) })
  return refused.kind === 'failure' ? refused : failed('it cannot be read', answer)
}

function failed(message: string, answer: HttpAnswer): BatchReply {
  return failure('ours-to-fix', message, answer) as Extract<ServiceAnswer, { kind: 'failure' }>
}

const byStatus: Record<string, FailureKind> = {
  general_failure: 'ours-to-fix',
  auth_failure: 'key',
  // The account lets in only callers that it lists.
  bad_referrer: 'key',
  temp_unavail: 'retry',
  throttle_triggered: 'slow-down',
}

function findings(body: Fields): ServiceFindings {
  const result = word(body['result'])
  const said = new Set(asList(body['flags']).map(word))
  const reason = reasonOf(result ?? '', said)
  return {
    ...nothingFound,
    reason,
    flags: flags({
      free: said.has('free_email_host'),
      role: said.has('role_account'),
      disposable: said.has('disposable_email'),
    }),
    suggestion: suggested(body['suggested_correction']),
    catchAll: reason === 'catch_all' ? true : reason === 'mailbox_accepted' ? false : null,
    words: result ?? '',
  }
}

function reasonOf(result: string, said: ReadonlySet<string | null>): Reason {
  if (said.has('spamtrap_network')) return 'spamtrap'
  switch (result) {
    case 'valid':
      return said.has('accepts_all') ? 'catch_all' : 'mailbox_accepted'
    case 'invalid':
      if (said.has('bad_syntax')) return 'syntax_invalid'
      return said.has('bad_dns') ? 'domain_not_found' : 'mailbox_not_found'
    case 'disposable':
      return 'disposable'
    case 'catchall':
      return 'catch_all'
    default:
      return said.has('connect_fails') ? 'connect_failed' : 'inconclusive'
  }
}
