import { wordsOfName } from '../jobs/input-form.ts'
import { formatCounted } from '../ui/format.ts'
import { asRecord } from '../ui/stored.ts'

export interface EvidenceFact {
  label: string
  /** One a line. */
  lines: string[]
  /** What was said, in its order. */
  dialogue: DialogueTurn[]
}

export interface DialogueTurn {
  ours: boolean
  text: string
}

/**
 * What a verdict rests on besides the text, in words: where mail of the domain goes, what its hosts said, what a service said. Evidence is
 * JSON of whatever version wrote it: what is not understood is left out here, and stands in the whole of it.
 */
export function evidenceFacts(evidence: unknown): EvidenceFact[] {
  const { text, suppressed, domain, smtp, service, bounce, seen } = asRecord(evidence)
  const { port25, probes } = asRecord(smtp)
  const facts = [
    { label: 'As it was given', lines: asRecord(text).ok === false ? texts([asRecord(text).given]) : [] },
    { label: 'List of suppressions', lines: suppressed === true ? ['It stands there.'] : [] },
    { label: `Mail of ${textOf(asRecord(domain).domain) || 'the domain'}`, lines: domainLines(asRecord(domain)) },
    { label: 'Our own network', lines: port25 === 'blocked' ? ['Nothing gets out of it by port 25.'] : [] },
    ...listOf(probes).map(probeFact),
    { label: `Asked ${textOf(asRecord(service).service)}`, lines: serviceLines(asRecord(service)) },
    { label: 'Delivery report', lines: replyLines('', asRecord(bounce).reply) },
    { label: 'Where it was met', lines: seenLines(asRecord(seen)) },
  ]
  return facts
    .map((fact) => ({ dialogue: [], ...fact }))
    .filter(({ lines, dialogue }) => lines.length + dialogue.length > 0)
}

function domainLines({ route, disposable, catchAll }: Record<string, unknown>): string[] {
  const { is } = asRecord(catchAll)
  return [
    ...routeLines(asRecord(route)),
    ...(disposable === true ? ['It is a provider of throw-away addresses.'] : []),
    ...(is === true ? ['It takes mail for names that nobody has.'] : []),
    ...(is === false ? ['It refuses names that nobody has.'] : []),
  ]
}

function routeLines({ kind, code, hosts }: Record<string, unknown>): string[] {
  const named = listOf(hosts).map((host) => hostLine(host, kind === 'mx'))
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
      return [`Its name servers gave no answer (${textOf(code)}).`, ...named]
    default:
      return []
  }
}

function hostLine({ host, priority, addresses, refused, error }: Record<string, unknown>, ranked: boolean): string {
  const places = [...texts(addresses), ...texts(refused).map((address) => `${address}, which is private`)]
  if (places.length === 0) places.push(typeof error === 'string' ? `no address: ${error}` : 'no address')
  const preference = ranked && typeof priority === 'number' ? `, preference ${priority}` : ''
  return `${textOf(host)} (${places.join(', ')})${preference}`
}

/** Questions of which the answer says something, as a person would put them. */
const asked = {
  greeting: 'greeting',
  ehlo: 'our name',
  helo: 'our name',
  mail: 'our sender',
  rcpt: 'this address',
  control: 'a name that nobody has',
} as const
type Question = keyof typeof asked
const ends: Record<string, string> = {
  connect_failed: 'It could not be reached.',
  timeout: 'It did not answer in time.',
  dropped: 'It hung up.',
  garbage: 'What it said is no SMTP.',
}

function probeFact({ host, ip, replies, end, transcript }: Record<string, unknown>): EvidenceFact {
  const said = asRecord(replies)
  const given = (questions: readonly Question[]) => questions.filter((question) => said[question] !== undefined)
  // The greeting and the sender matter where they are what was refused.
  const told = given(['rcpt', 'control'])
  const shown = told.length > 0 ? told : given(['mail', 'helo', 'ehlo', 'greeting']).slice(0, 1)
  const broken = ends[textOf(end)]
  return {
    label: `Asked ${textOf(host)}${textOf(ip) && ` (${textOf(ip)})`}`,
    lines: [
      ...shown.flatMap((question) => replyLines(`${asked[question]}: `, said[question])),
      ...(broken === undefined ? [] : [broken]),
    ],
    dialogue: listOf(transcript).map(({ from, text }) => ({ ours: from === 'client', text: textOf(text) })),
  }
}

function replyLines(what: string, reply: unknown): string[] {
  const { code, enhanced, text } = asRecord(reply)
  return code === undefined ? [] : [what + [code, enhanced, textOf(text)].filter(Boolean).join(' ')]
}

function serviceLines({ said, raw }: Record<string, unknown>): string[] {
  const { words, score } = asRecord(said)
  if (textOf(words) === '') return []
  const verdict = typeof score === 'number' ? `${textOf(words)}, its score ${score}` : textOf(words)
  return [verdict, ...answerLines(raw).slice(0, mostOfAnswer)]
}

/** An answer may be long; all of it stands in the JSON. */
const mostOfAnswer = 30

/** Each plain value of an answer, under the names that lead to it. */
function answerLines(value: unknown, names: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null) {
    const plain = typeof value === 'string' ? value : JSON.stringify(value)
    const isSaid = value !== null && value !== undefined && value !== ''
    return isSaid && names.length > 0 ? [`${names.map(wordsOfName).join(', ')}: ${plain}`] : []
  }
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return answerLines(value.join(', '), names)
  // What only wraps the answer says nothing.
  return Object.entries(value).flatMap(([name, inner]) =>
    answerLines(inner, [...names.filter((one) => one !== 'data'), name]),
  )
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
