import type { ServiceFindings } from '../evidence.ts'
import type { Reason } from '../terms.ts'
import { failure, failureByStatus, nothingFound } from './answer.ts'
import type { HttpAnswer, ServiceAnswer } from './answer.ts'
import { asList, asObject, flags, parseObject, suggested, text, word, yesNo } from './fields.ts'
import type { Fields } from './fields.ts'

/** ZeroBounce v2, `GET /v2/validate`. After `ours-to-fix` no further call is to be made: 100 bad requests a minute block for an hour. */
export function readZerobounce(answer: HttpAnswer): ServiceAnswer {
  const body = parseObject(answer.body)
  if (answer.status === 200 && body !== undefined && word(body['status']) !== null)
    return { kind: 'findings', said: findings(body), raw: body }
  return refusal(answer, body)
}

export type ZerobounceBatch =
  /** `said` by address in lower case; `errors` likewise, with the service's words. What is in neither was not answered. */
  | { kind: 'finished'; said: Map<string, { said: ServiceFindings; raw: unknown }>; errors: Map<string, string> }
  | Extract<ServiceAnswer, { kind: 'failure' }>

/** `POST /v2/validatebatch`: up to 200 addresses. */
export function readZerobounceBatch(answer: HttpAnswer): ZerobounceBatch {
  const body = parseObject(answer.body)
  const rows = body?.['email_batch']
  const errors = asList(body?.['errors']).map(asObject)
  if (answer.status !== 200 || !Array.isArray(rows))
    return refusal(answer, asObject(errors[0]) ?? body) as Extract<ServiceAnswer, { kind: 'failure' }>
  const said = rows.map(asObject).flatMap((row) => {
    const address = word(row?.['address'])
    return row === undefined || address === null ? [] : [[address, { said: findings(row), raw: row }] as const]
  })
  const refused = errors.flatMap((row) => {
    const address = word(row?.['email_address'])
    return address === null ? [] : [[address, text(row?.['error']) ?? 'error'] as const]
  })
  return { kind: 'finished', said: new Map(said), errors: new Map(refused) }
}

function refusal(answer: HttpAnswer, body: Fields | undefined): ServiceAnswer {
  const said = text(body?.['error']) ?? text(body?.['message'])
  // Its shield against many calls, not the key.
  if (answer.status === 403) return failure('slow-down', said ?? 'HTTP 403', answer)
  if (said !== null && /api.?key/i.test(said)) return failure('key', said, answer)
  if (said !== null && /credit/i.test(said)) return failure('quota', said, answer)
  return failureByStatus(answer, said)
}

function findings(data: Fields): ServiceFindings {
  const status = word(data['status'])
  const detail = word(data['sub_status'])
  const reason = reasonOf(status ?? '', detail, yesNo(data['mx_found']))
  return {
    ...nothingFound,
    reason,
    flags: flags({
      free: yesNo(data['free_email']),
      role: detail?.startsWith('role_based') === true,
      disposable: detail === 'disposable',
    }),
    suggestion: suggested(data['did_you_mean']),
    catchAll: reason === 'catch_all' ? true : reason === 'mailbox_accepted' ? false : null,
    words: [status, detail].filter((part) => part !== null).join('/'),
  }
}

function reasonOf(status: string, detail: string | null, mxFound: boolean | null): Reason {
  const known = detail === null ? undefined : byDetail[`${status}/${detail}`]
  if (known !== undefined) return known
  switch (status) {
    case 'valid':
      return 'mailbox_accepted'
    case 'invalid':
      return mxFound === false ? 'no_mail_host' : 'mailbox_not_found'
    case 'catch-all':
    case 'catch_all':
      return 'catch_all'
    case 'spamtrap':
      return 'spamtrap'
    case 'abuse':
      return 'abuse'
    default:
      // `unknown`, and `do_not_mail` for a reason that is not about the mailbox, as `role_based`
      return 'inconclusive'
  }
}

/** Sub-statuses that say more than their status. */
const byDetail: Record<string, Reason> = {
  // The server takes any name, whatever the status says.
  'valid/accept_all': 'catch_all',
  'valid/role_based_accept_all': 'catch_all',
  'invalid/failed_syntax_check': 'syntax_invalid',
  'invalid/no_dns_entries': 'no_mail_host',
  'invalid/does_not_accept_mail': 'no_mail_host',
  'invalid/unroutable_ip_address': 'unroutable_mx',
  'invalid/possible_typo': 'typo_domain',
  'invalid/mailbox_quota_exceeded': 'mailbox_full',
  'unknown/greylisted': 'greylisted',
  'unknown/timeout_exceeded': 'timeout',
  'unknown/mail_server_did_not_respond': 'timeout',
  'unknown/failed_smtp_connection': 'connect_failed',
  'unknown/forcible_disconnect': 'dropped',
  'do_not_mail/disposable': 'disposable',
  'do_not_mail/toxic': 'toxic',
  'do_not_mail/possible_trap': 'spamtrap',
  // On lists of people who complain.
  'do_not_mail/global_suppression': 'abuse',
  'do_not_mail/role_based_catch_all': 'catch_all',
}
