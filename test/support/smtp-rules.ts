import type { SmtpSession } from './smtp-sessions.ts'

/**
 * Decides about one recipient: a reply in one line (`550 5.1.1 No such user`), or undefined where it has nothing against it. `recipient`
 * is in lower case. For hosts of either make: `rcpt: rule` of smtp.ts, `RCPT: { by: rule }` of smtp-script.ts, which greets at once.
 */
export type RecipientRule = (recipient: string, session: SmtpSession) => string | undefined

/** Refuses whom it does not know, as most hosts do. */
export function onlyMailboxes(
  known: Iterable<string> | ((recipient: string) => boolean),
  otherwise = '550 5.1.1 The email account that you tried to reach does not exist',
): RecipientRule {
  const knows = typeof known === 'function' ? known : (recipient: string) => names.has(recipient)
  const names = typeof known === 'function' ? new Set<string>() : new Set([...known].map((name) => name.toLowerCase()))
  return (recipient) => (knows(recipient) ? undefined : otherwise)
}

/** A reply by recipient; whom it does not name, it lets through. */
export function repliesFor(replies: Record<string, string>): RecipientRule {
  return (recipient) => replies[recipient]
}

/** Says one thing to all. */
export function always(reply: string): RecipientRule {
  return () => reply
}

/**
 * Refuses a pair of sender and recipient for now: so many `times`, or until `until` says that its time has passed. (A real one looks
 * at the network of the client too; here all come from one.)
 */
export function greylists(
  lifts: { times: number } | { until: () => boolean },
  reply = '451 4.7.1 Greylisting in action, please come back later',
): RecipientRule {
  const tried = new Map<string, number>()
  return (recipient, session) => {
    if ('until' in lifts) return lifts.until() ? undefined : reply
    const pair = `${session.sender} ${recipient}`
    const times = (tried.get(pair) ?? 0) + 1
    tried.set(pair, times)
    return times <= lifts.times ? reply : undefined
  }
}

/** Takes so many recipients in one transaction and no more (RFC 5321 §4.5.3.1.10). */
export function atMost(recipients: number, reply = '452 4.5.3 Too many recipients'): RecipientRule {
  return (_recipient, session) => (session.recipients.length > recipients ? reply : undefined)
}

/** The first rule that has a reply decides. */
export function inOrder(...rules: RecipientRule[]): RecipientRule {
  return (recipient, session) => {
    for (const rule of rules) {
      const reply = rule(recipient, session)
      if (reply !== undefined) return reply
    }
    return undefined
  }
}

/** Replies as real hosts word them, with the name of what they mean. */
export const refusals = {
  noSuchUser: '550 5.1.1 The email account that you tried to reach does not exist',
  /** Microsoft's for an address that its directory does not have. */
  accessDenied: '550 5.4.1 Recipient address rejected: Access denied. AS(201806281)',
  /** Microsoft's, the newer one. */
  recipientNotFound: '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
  disabled: '550 5.2.1 The email account that you tried to reach is disabled',
  fullForGood: '552 5.2.2 The recipient storage quota has been exceeded',
  fullForNow: '452 4.2.2 The email account that you tried to reach is over quota',
  policy: '550 5.7.1 Message rejected due to local policy',
  blockList: '554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.example',
  busy: '421 4.7.0 Too many connections from your host, try again later',
  noReverseName: '450 4.7.25 Client host rejected: cannot find your hostname',
  spf: '550 5.7.23 The message was rejected because of Sender Policy Framework violation',
} as const
