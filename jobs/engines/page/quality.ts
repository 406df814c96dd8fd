import { localPartKind } from '../address/local-part.ts'
import type { Method, Quality } from './found-email.ts'
import type { Discovery } from './hiding/discovery.ts'
import type { Admitted } from './spelling/admission.ts'

/** What is known of one sighting when it is judged. */
export interface Circumstances {
  admitted: Admitted
  method: Method
  doubt?: Discovery['doubt']
  /** A person whose name fits the local part stands beside it. */
  named: boolean
  /** In preformatted text, where programs and their samples stand. */
  inSample: boolean
  /** In how many ways this page gives the address. */
  ways: number
}

/** How far a way of writing an address can be trusted to be one that is meant to be written to. */
const ways: Record<Method, { confidence: number; reason: string }> = {
  mailto: { confidence: 0.92, reason: 'a link to write mail to' },
  cloudflare: { confidence: 0.92, reason: "hidden by Cloudflare's e-mail protection" },
  'json-ld': { confidence: 0.92, reason: 'given as structured data (JSON-LD)' },
  microdata: { confidence: 0.92, reason: 'given as structured data (microdata)' },
  rdfa: { confidence: 0.92, reason: 'given as structured data (RDFa)' },
  hcard: { confidence: 0.92, reason: 'given on a marked-up card (hCard)' },
  vcard: { confidence: 0.92, reason: 'given on an electronic card (vCard)' },
  entities: { confidence: 0.88, reason: 'written in the text, hidden from robots by character references' },
  text: { confidence: 0.85, reason: 'written in the text' },
  'at-words': { confidence: 0.8, reason: 'written in the text with words for its signs' },
  'full-width': { confidence: 0.8, reason: 'written in the text with full-width or styled letters' },
  'zero-width': { confidence: 0.8, reason: 'written in the text with invisible characters in it' },
  reversed: { confidence: 0.8, reason: 'written backwards' },
  base64: { confidence: 0.75, reason: 'hidden in base64' },
  'data-attribute': { confidence: 0.75, reason: 'hidden in attributes for a script' },
  'script-escape': { confidence: 0.75, reason: 'hidden in a script by escapes' },
  script: { confidence: 0.72, reason: 'put together by a script' },
  json: { confidence: 0.72, reason: 'a value in JSON' },
  percent: { confidence: 0.72, reason: 'written in the text with a percent code for its sign' },
  rot13: { confidence: 0.7, reason: 'hidden by ROT13' },
  attribute: { confidence: 0.65, reason: 'in an attribute that is shown to the reader' },
  spaced: { confidence: 0.6, reason: 'written in the text with spaces around its signs' },
  'link-parameter': { confidence: 0.55, reason: 'a parameter of a link' },
}

/** What makes it better or worse; in the order in which reasons are shown. */
const rules: { change: number; reason: string; holds(it: Circumstances): boolean }[] = [
  { change: 0.05, reason: "at the site's own domain", holds: (it) => it.admitted.own },
  { change: 0.05, reason: 'a person with a fitting name stands beside it', holds: (it) => it.named },
  { change: 0.03, reason: 'given in several ways on the page', holds: (it) => it.ways > 1 },
  { change: -0.5, reason: 'its domain cannot be reached from the internet', holds: (it) => it.admitted.unreachable },
  { change: -0.45, reason: 'a mailbox of a machine', holds: (it) => localPartKind(it.admitted.local) === 'machine' },
  {
    change: -0.4,
    reason: 'nobody reads answers there',
    holds: (it) => localPartKind(it.admitted.local) === 'no-reply',
  },
  {
    change: -0.35,
    reason: 'a mailbox such as samples name',
    holds: (it) => !it.admitted.own && sampleLocals.test(it.admitted.local),
  },
  { change: -0.12, reason: 'a name that stands for anybody', holds: (it) => anybody.test(it.admitted.local) },
  { change: -0.3, reason: 'looks made up by a machine', holds: (it) => looksRandom(it.admitted.local) },
  { change: -0.2, reason: 'in a form field that is not shown', holds: (it) => it.doubt === 'hidden-field' },
  { change: -0.15, reason: 'stands in a sample of code', holds: (it) => it.inSample && it.method !== 'mailto' },
  { change: -0.1, reason: 'joined from two parts by their names', holds: (it) => it.doubt === 'guessed-pair' },
  { change: -0.1, reason: 'words against robots were taken out of it', holds: (it) => it.admitted.decoy },
  { change: -0.05, reason: 'gets a copy', holds: (it) => it.doubt === 'copy' },
  { change: 0.1, reason: 'a link that lacks its "mailto:"', holds: (it) => it.doubt === 'bare-link' },
]

/** Confidence from 0 to 1, its grade, and why. Pure table work: see `ways` and `rules`. */
export function judge(it: Circumstances): { confidence: number; quality: Quality; reasons: string[] } {
  const way = ways[it.method]
  let sum = way.confidence
  const reasons = [way.reason]
  for (const rule of rules) {
    if (!rule.holds(it)) continue
    sum += rule.change
    reasons.push(rule.reason)
  }
  const confidence = Math.round(Math.min(0.99, Math.max(leastConfidence, sum)) * 100) / 100
  return { confidence, quality: gradeOf(confidence), reasons }
}

export const leastConfidence = 0.05

export function gradeOf(confidence: number): Quality {
  return confidence >= 0.75 ? 'high' : confidence >= 0.5 ? 'medium' : 'low'
}

const anybody = /^(?:john|jane|joe|max|erika)[._-]?(?:doe|smith|bloggs|public|mustermann|musterfrau)$/
const sampleLocals = /^(?:jdoe|foo|bar|baz|foobar|asdf|test|tester|testuser|user|name|example)\d*$/

/** Long, and without the vowels or the separators that names and words have. */
function looksRandom(local: string): boolean {
  const letters = local.replace(/[^a-z\d]/g, '')
  if (letters.length < 12 || /[._-][a-z]{3,}/.test(local)) return false
  const digitRuns = letters.match(/\d+/g)?.length ?? 0
  return digitRuns >= 3 || /[bcdfghjklmnpqrstvwxz]{6,}/.test(letters)
}
