import type { ServiceFindings } from '../evidence.ts'
import type { Reason } from '../terms.ts'
import { failure, failureByStatus, nothingFound } from './answer.ts'
import type { FailureKind, HttpAnswer, ServiceAnswer } from './answer.ts'
import { asList, flags, parseObject, suggested, text, word } from './fields.ts'
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
