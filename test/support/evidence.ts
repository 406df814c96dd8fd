import type {
  DomainFacts,
  Evidence,
  MailRoute,
  ServiceFindings,
  SmtpEnd,
  SmtpProbe,
  SmtpReply,
  TextFacts,
} from '../../jobs/engines/verify/evidence.ts'

export const minute = 60_000
export const day = 86_400_000
/** When all of this evidence was found out, and the moment of the verdict. */
export const at = '2026-03-01T12:00:00.000Z'
export const now = new Date(at)
export const after = (ms: number) => new Date(now.getTime() + ms).toISOString()

export const mx: MailRoute = { kind: 'mx', hosts: [host('mx.acme.com')] }
export const accepted: SmtpReply = { code: 250, enhanced: '2.1.5', text: 'OK' }
export const noMailbox: SmtpReply = { code: 550, enhanced: '5.1.1', text: 'User unknown' }

/** Of an address with nothing against it, at depth SMTP, asked by ourselves; a part that is not given was not looked at. */
export function evidence(given: Partial<Evidence>): Evidence {
  return { depth: 'SMTP', engine: 'builtin', at, tries: 1, text: text({}), ...given }
}

export function text(given: Partial<TextFacts>): TextFacts {
  return {
    ok: true,
    address: 'info@acme.com',
    local: 'info',
    domain: 'acme.com',
    registrable: 'acme.com',
    tldKnown: true,
    role: false,
    free: false,
    disposable: false,
    plusTag: false,
    gibberish: false,
    suggestion: null,
    ...given,
  }
}

export function refused(refusal: 'no_at' | 'local_too_long'): Partial<Evidence> {
  return { text: { ok: false, given: 'x', refusal, position: 0 } }
}

export function domain(route: MailRoute): DomainFacts {
  return { domain: 'acme.com', at, route, disposable: false, catchAll: null }
}

export function rcpt(code: number, enhanced: string | null, words: string, mxHost = 'mx.acme.com'): Partial<Evidence> {
  const said = { ...probe({ rcpt: { code, enhanced, text: words } }), host: mxHost }
  return { domain: domain(mx), smtp: { port25: 'open', probes: [said] } }
}

export function probed(replies: SmtpProbe['replies']): Partial<Evidence> {
  return { domain: domain(mx), smtp: { port25: 'open', probes: [probe(replies)] } }
}

export function ended(end: SmtpEnd): Partial<Evidence> {
  return { domain: domain(mx), smtp: { port25: 'open', probes: [probe({}, end)] } }
}

export function service(said: Partial<ServiceFindings>): Partial<Evidence> {
  const findings = {
    reason: 'inconclusive',
    flags: {},
    suggestion: null,
    score: null,
    catchAll: null,
    words: '',
  } as const
  return {
    engine: 'hunter',
    domain: domain(mx),
    service: { service: 'hunter', at, raw: {}, said: { ...findings, ...said } },
  }
}

export function probe(replies: SmtpProbe['replies'], end: SmtpEnd = 'completed'): SmtpProbe {
  return { at, host: 'mx.acme.com', ip: '198.51.100.1', end, stage: 'rcpt', replies, transcript: [] }
}

export function host(name: string) {
  return { host: name, priority: 10, addresses: ['198.51.100.1'], refused: [], error: null }
}
