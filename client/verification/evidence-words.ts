import { formatCounted } from '../ui/format.ts'
import { asRecord } from '../ui/stored.ts'

export interface EvidenceFact {
  label: string
  /** One a line. */
  lines: string[]
}

/**
 * What a verdict rests on besides the text, in words: where mail of the domain goes, what its hosts said, what a service said. Evidence is
 * JSON of whatever version wrote it: what is not understood is left out here, and stands in the whole of it.
 */
export function evidenceFacts(evidence: unknown): EvidenceFact[] {
  const { domain, smtp, service, seen } = asRecord(evidence)
  const probes = listOf(asRecord(smtp).probes)
  return [
    { label: 'Mail of the domain', lines: routeLines(asRecord(asRecord(domain).route)) },
    ...probes.map((probe) => ({ label: `Asked ${textOf(probe.host)}`, lines: probeLines(probe) })),
    { label: `Asked ${textOf(asRecord(service).service)}`, lines: serviceLines(asRecord(asRecord(service).said)) },
    { label: 'Where it was met', lines: seenLines(asRecord(seen)) },
  ].filter(({ lines }) => lines.length > 0)
}

function routeLines({ kind, code, hosts }: Record<string, unknown>): string[] {
  const named = listOf(hosts).map(({ host, addresses, refused }) => {
    const places = [...texts(addresses), ...texts(refused)]
    return places.length > 0 ? `${textOf(host)} (${places.join(', ')})` : textOf(host)
  })
  switch (kind) {
    case 'mx':
      return named
    case 'implicit':
      return ['No MX record; the domain’s own host takes it:', ...named]
    case 'null_mx':
      return ['Its MX record says that it takes no mail.']
    case 'not_found':
      return ['DNS knows no such domain.']
    case 'no_mail_host':
      return ['DNS names no host for it.', ...named]
    case 'unroutable':
      return ['Its hosts are not on the public Internet:', ...named]
    case 'dns_error':
      return [`Its name servers gave no answer (${textOf(code)}).`]
    default:
      return []
  }
}

/** Questions of which the answer says something, as a person would put them. */
const asked = {
  greeting: 'greeting',
  mail: 'our sender',
  rcpt: 'this address',
  control: 'a name that nobody has',
} as const
const ends: Record<string, string> = {
  connect_failed: 'It could not be reached.',
  timeout: 'It did not answer in time.',
  dropped: 'It hung up.',
  garbage: 'What it said is no SMTP.',
}

function probeLines({ replies, end }: Record<string, unknown>): string[] {
  const said = asRecord(replies)
  // The greeting and the sender matter where they are what was refused.
  const told = (['rcpt', 'control'] as const).filter((stage) => said[stage] !== undefined)
  const stages = told.length > 0 ? told : (['mail', 'greeting'] as const).filter((stage) => said[stage]).slice(0, 1)
  const lines = stages.map((stage) => {
    const { code, enhanced, text } = asRecord(said[stage])
    return `${asked[stage]}: ${[code, enhanced, textOf(text)].filter(Boolean).join(' ')}`
  })
  const broken = ends[textOf(end)]
  return broken === undefined ? lines : [...lines, broken]
}

function serviceLines({ words, score }: Record<string, unknown>): string[] {
  if (textOf(words) === '') return []
  return [typeof score === 'number' ? `${textOf(words)}, its score ${score}` : textOf(words)]
}

function seenLines({ sources, ownSite, stillOnPage, generatedOnly }: Record<string, unknown>): string[] {
  if (generatedOnly === true) return ['Nowhere: it was made up.']
  if (typeof sources !== 'number' || sources === 0) return []
  return [
    `${formatCounted(sources, 'place')}${ownSite === true ? ', among them its own site' : ''}${stillOnPage === true ? '; it still stands there' : ''}.`,
  ]
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(asRecord) : []
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(textOf) : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
