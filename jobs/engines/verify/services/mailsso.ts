import type { ServiceFindings } from '../evidence.ts'
import type { Reason } from '../terms.ts'
import { failure, failureByStatus } from './answer.ts'
import type { HttpAnswer, ServiceAnswer } from './answer.ts'
import { asList, asObject, flags, parseObject, percent, suggested, text, word, yesNo } from './fields.ts'
import type { Fields } from './fields.ts'

/** Mails.so v1, `GET /validate`. */
export function readMailsso(answer: HttpAnswer): ServiceAnswer {
  const body = parseObject(answer.body)
  const data = asObject(body?.['data'])
  if (answer.status === 200 && data !== undefined) return { kind: 'findings', said: findings(data), raw: body }
  return refusal(answer, body)
}

export type MailssoBatch =
  | { kind: 'running'; id: string }
  /** `said` by address in lower case. Some of those asked may be missing: ask for them one by one. */
  | { kind: 'finished'; id: string; said: Map<string, { said: ServiceFindings; raw: unknown }> }
  | Extract<ServiceAnswer, { kind: 'failure' }>

/** `POST /batch` and `GET /batch/{id}`: a bare object, without `data` around it. */
export function readMailssoBatch(answer: HttpAnswer): MailssoBatch {
  const body = parseObject(answer.body)
  const id = text(body?.['id']) ?? (typeof body?.['id'] === 'number' ? String(body['id']) : null)
  if (answer.status >= 300 || body === undefined || id === null)
    return refusal(answer, body) as Extract<ServiceAnswer, { kind: 'failure' }>
  if (text(body['finished_at']) === null) return { kind: 'running', id }
  const rows = asList(body['emails']).map(asObject)
  const said = rows.flatMap((row) => {
    const address = word(row?.['email'])
    return row === undefined || address === null ? [] : [[address, { said: findings(row), raw: row }] as const]
  })
  return { kind: 'finished', id, said: new Map(said) }
}

function refusal(answer: HttpAnswer, body: Fields | undefined): ServiceAnswer {
  const error = body?.['error']
  const said = text(error) ?? text(asObject(error)?.['message'])
  // 401 has two meanings, and only the words tell which: "Unauthorized." or "Paid subscription required…".
  if (answer.status === 401 && said !== null && /subscription|plan|credit/i.test(said))
    return failure('quota', said, answer)
  return failureByStatus(answer, said)
}

function findings(data: Fields): ServiceFindings {
  // Each isv_ field asserts something good: false is the bad case, null says nothing.
  const catchAll = opposite(yesNo(data['isv_nocatchall']))
  const result = word(data['result'])
  const reason = word(data['reason'])
  return {
    reason: reasonOf(result ?? '', reason, data, catchAll),
    flags: flags({
      free: yesNo(data['is_free']),
      role: opposite(yesNo(data['isv_nogeneric'])),
      disposable: yesNo(data['is_disposable']),
    }),
    suggestion: suggested(data['did_you_mean']),
    score: percent(data['score']),
    catchAll,
    words: [result, reason].filter((part) => part !== null).join('/'),
  }
}

function reasonOf(result: string, reason: string | null, data: Fields, catchAll: boolean | null): Reason {
  switch (result) {
    case 'undeliverable':
      if (reason === 'invalid_format' || yesNo(data['isv_format']) === false) return 'syntax_invalid'
      if (reason === 'invalid_domain' || yesNo(data['isv_domain']) === false) return 'domain_not_found'
      return yesNo(data['isv_mx']) === false ? 'no_mail_host' : 'mailbox_not_found'
    case 'deliverable':
    case 'risky': {
      if (yesNo(data['is_disposable']) === true) return 'disposable'
      if (catchAll === true) return 'catch_all'
      const bad = ['isv_format', 'isv_domain', 'isv_mx', 'isv_noblock'].some((name) => yesNo(data[name]) === false)
      return result === 'deliverable' && !bad ? 'mailbox_accepted' : 'inconclusive'
    }
    default:
      return 'inconclusive'
  }
}

function opposite(value: boolean | null): boolean | null {
  return value === null ? null : !value
}
