import type { ServiceFindings } from '../evidence.ts'
import type { Instant, Reason } from '../terms.ts'
import { failure, failureByStatus, nothingFound } from './answer.ts'
import type { FailureKind, HttpAnswer, ServiceAnswer } from './answer.ts'
import { asList, asObject, flags, parseObject, percent, text, word, yesNo } from './fields.ts'
import type { Fields } from './fields.ts'

/** Hunter v2, `GET /email-verifier`. */
export function readHunter(answer: HttpAnswer): ServiceAnswer {
  if (answer.status === 202) return { kind: 'pending' }
  const body = parseObject(answer.body)
  if (answer.status === 222)
    return failure('retry', "the address's mail server gave Hunter an unexpected answer", answer)
  const data = asObject(body?.['data'])
  if (answer.status === 200 && data !== undefined) return { kind: 'findings', said: findings(data), raw: body }

  const error = asObject(asList(body?.['errors'])[0])
  const id = word(error?.['id'])
  const kind = (id === null ? undefined : byId[id]) ?? byStatus[answer.status]
  const message = [id, text(error?.['details'])].filter((part) => part !== null).join(': ')
  if (kind !== undefined) return failure(kind, message || `HTTP ${answer.status}`, answer)
  return failureByStatus(answer, message || null)
}

/** When there are calls again, from `GET /account`; null where the answer does not tell. */
export function hunterResetDate(body: string): Instant | null {
  const date = text(asObject(parseObject(body)?.['data'])?.['reset_date'])
  const at = date === null ? Number.NaN : Date.parse(date)
  return Number.isNaN(at) ? null : new Date(at).toISOString()
}

/** An open set: what is not here goes by the status. */
const byId: Record<string, FailureKind> = {
  authentication_failed: 'key',
  claimed_email: 'suppress',
  pagination_error: 'ours-to-fix',
  wrong_params: 'ours-to-fix',
}

// Hunter's own meanings: 403 is the rate limit, 429 the used-up plan.
const byStatus: Record<number, FailureKind> = { 403: 'slow-down', 429: 'quota' }

function findings(data: Fields): ServiceFindings {
  const status = word(data['status'])
  const acceptAll = yesNo(data['accept_all'])
  return {
    ...nothingFound,
    reason: reasonOf(status ?? '', data, acceptAll),
    flags: flags({
      free: yesNo(data['webmail']),
      disposable: yesNo(data['disposable']),
      gibberish: yesNo(data['gibberish']),
    }),
    score: percent(data['score']),
    // False is also what stands there where nothing was found out.
    catchAll: acceptAll === true ? true : status === 'valid' ? false : null,
    words: status ?? '',
  }
}

function reasonOf(status: string, data: Fields, acceptAll: boolean | null): Reason {
  switch (status) {
    case 'valid':
      return acceptAll === true ? 'catch_all' : 'mailbox_accepted'
    case 'invalid':
      if (yesNo(data['regexp']) === false) return 'syntax_invalid'
      return yesNo(data['mx_records']) === false ? 'no_mail_host' : 'mailbox_not_found'
    case 'accept_all':
      return 'catch_all'
    case 'disposable':
      return 'disposable'
    case 'webmail':
      // Says first of all where the mailbox is; that it is there only where it was checked.
      return yesNo(data['smtp_check']) === true && acceptAll !== true ? 'mailbox_accepted' : 'inconclusive'
    default:
      return 'inconclusive'
  }
}
