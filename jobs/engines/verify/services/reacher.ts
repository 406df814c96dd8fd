import type { ServiceFindings } from '../evidence.ts'
import type { Reason } from '../terms.ts'
import { failureByStatus, nothingFound } from './answer.ts'
import type { HttpAnswer, ServiceAnswer } from './answer.ts'
import type { BatchReply, SaidOfOne } from './batch-reply.ts'
import { asList, asObject, flags, parseObject, suggested, text, word, yesNo } from './fields.ts'
import type { Fields } from './fields.ts'

/** Reacher, `POST /v1/check_email`. */
export function readReacher(answer: HttpAnswer): ServiceAnswer {
  const body = parseObject(answer.body)
  if (answer.status === 200 && body !== undefined && word(body['is_reachable']) !== null)
    return { kind: 'findings', said: findings(body), raw: body }
  return refusal(answer, body)
}

/** `POST /v1/bulk`, `GET /v1/bulk/{id}` and its results. */
export function readReacherBulk(answer: HttpAnswer): BatchReply {
  const body = parseObject(answer.body)
  if (answer.status !== 200 || body === undefined) return refusal(answer, body)
  if (Array.isArray(body['results'])) {
    const rows = asList(body['results']).flatMap((row): [string, SaidOfOne][] => {
      const raw = asObject(row)
      const address = word(raw?.['input'])
      return raw === undefined || address === null ? [] : [[address, { said: findings(raw), raw }]]
    })
    return { kind: 'finished', said: new Map(rows) }
  }
  if (word(body['job_status']) === 'completed') return { kind: 'ready' }
  const id = body['job_id']
  return typeof id === 'number' || typeof id === 'string' ? { kind: 'running', id: String(id) } : refusal(answer, body)
}

function refusal(answer: HttpAnswer, body: Fields | undefined) {
  const error = body?.['error']
  return failureByStatus(answer, text(error) ?? text(asObject(error)?.['message'])) as Extract<
    ServiceAnswer,
    { kind: 'failure' }
  >
}

function findings(body: Fields): ServiceFindings {
  const reachable = word(body['is_reachable'])
  const syntax = part(body['syntax'])
  const mx = part(body['mx'])
  const misc = part(body['misc'])
  const smtp = part(body['smtp'])
  const catchAll = yesNo(smtp['is_catch_all'])
  return {
    ...nothingFound,
    reason: reasonOf(reachable ?? '', { syntax, mx, misc, smtp }),
    flags: flags({
      role: yesNo(misc['is_role_account']),
      disposable: yesNo(misc['is_disposable']),
      free: yesNo(misc['is_b2c']),
      fullMailbox: yesNo(smtp['has_full_inbox']),
      disabled: yesNo(smtp['is_disabled']),
    }),
    suggestion: suggested(syntax['suggestion']),
    // False is also what stands there where the mailbox itself could not be asked about.
    catchAll: catchAll === true ? true : yesNo(smtp['is_deliverable']) === true ? catchAll : null,
    words: reachable ?? '',
  }
}

/** A part may be `{ error }` instead of what it is named after: then it says nothing. */
function part(value: unknown): Fields {
  return asObject(value) ?? {}
}

function reasonOf(
  reachable: string,
  { syntax, mx, misc, smtp }: Record<'syntax' | 'mx' | 'misc' | 'smtp', Fields>,
): Reason {
  if (yesNo(syntax['is_valid_syntax']) === false) return 'syntax_invalid'
  if (yesNo(mx['accepts_mail']) === false) return 'no_mail_host'
  if (yesNo(misc['is_disposable']) === true) return 'disposable'
  if (yesNo(smtp['is_disabled']) === true) return 'mailbox_disabled'
  if (yesNo(smtp['has_full_inbox']) === true) return 'mailbox_full'
  if (yesNo(smtp['can_connect_smtp']) === false) return 'connect_failed'
  switch (reachable) {
    case 'safe':
    case 'risky':
      if (yesNo(smtp['is_catch_all']) === true) return 'catch_all'
      return yesNo(smtp['is_deliverable']) === true ? 'mailbox_accepted' : 'inconclusive'
    case 'invalid':
      return yesNo(smtp['is_deliverable']) === false ? 'mailbox_not_found' : 'inconclusive'
    default:
      return 'inconclusive'
  }
}
