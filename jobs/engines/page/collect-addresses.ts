import type { FoundEmail, Method } from './found-email.ts'
import { readDataAttributes } from './hiding/data-attributes.ts'
import type { Discovery, PersonFacts } from './hiding/discovery.ts'
import { readJsonAddresses } from './hiding/json-addresses.ts'
import { readCloudflareAddress, readLinkAddresses, readVcardAddresses } from './hiding/link-addresses.ts'
import { findInMarkup } from './hiding/markup-text.ts'
import { mayHoldAddress, readScript } from './hiding/script-addresses.ts'
import { readStructuredData } from './hiding/structured-data.ts'
import { People } from './people/people.ts'
import { judge } from './quality.ts'
import { tag } from './reading/html-tags.ts'
import { decodeText } from './reading/html-tokens.ts'
import { readHtml } from './reading/light-reader.ts'
import { hiddenField, type PageContent, type Source } from './reading/page-content.ts'
import type { Admission } from './spelling/admission.ts'
import { KnownLocals } from './spelling/known-locals.ts'
import { isClosing } from './spelling/letters.ts'
import { findInText, type TextFind } from './spelling/text-addresses.ts'

/** One way in which an address was found, before it is judged. */
interface Sighting extends Discovery {
  /** Block of visible text at or before which it stands; -1 for none. */
  block: number
  snippet: string
}

/** `snippet` is asked only for what is new. */
type Add = (discovery: Discovery, block: number, snippet: () => string) => void

/** Trees of pages that nest deeper take too long to build; no honest page does. */
const deepestTree = 1000
/** A text with markup inside of another, as a page in a frame of a page in a frame: each is read anew for all that is around it. */
const deepestMarkup = 3

/** All addresses of a page, in each way in which it gives them, judged, with the people beside them. In the order of the page. */
export function collectAddresses(content: PageContent, admission: Admission): FoundEmail[] {
  const sightings = new Map<string, Sighting>()
  const add: Add = (discovery, block, snippet) => {
    const key = `${discovery.method} ${discovery.admitted.address}`
    const known = sightings.get(key)
    if (known === undefined) sightings.set(key, { ...discovery, block, snippet: discovery.snippet ?? snippet() })
    else if (known.person === undefined && discovery.person !== undefined) known.person = discovery.person
  }
  const known = new KnownLocals()
  const addSure: Add = (discovery, block, snippet) => {
    known.add(discovery)
    add(discovery, block, snippet)
  }
  for (const source of content.sources) readSource(source, content, admission, addSure)
  const blocks = findInBlocks(content, admission)
  if (mayBeStructured(content, sightings.size + blocks.length > 0) && content.deepest <= deepestTree) {
    readStructuredData(content.source, admission, (discovery) => addSure(discovery, -1, () => ''))
  }
  for (const { block, finds } of blocks) addFinds(content, block, finds, admission, known, add)
  return sightings.size === 0
    ? []
    : finish(
        [...sightings.values()].toSorted((a, b) => a.block - b.block),
        content,
      )
}

/** Whether the page may carry people or firms as microdata, RDFa or microformats, and so is worth a tree. */
function mayBeStructured({ structured, cards, source }: PageContent, hasAddresses: boolean): boolean {
  return structured || (cards && hasAddresses && (source.includes('vcard') || source.includes('u-email')))
}

interface BlockFinds {
  block: number
  finds: TextFind[]
}

function findInBlocks(content: PageContent, admission: Admission): BlockFinds[] {
  const blocks: BlockFinds[] = []
  for (let block = 0; block < content.text.blockCount; block++) {
    const marks = content.text.marksOf(block)
    if (marks === 0) continue
    const line = content.text.render(block)
    const finds = findInText(goesOn(line) ? line + lineBehind(content, block) : line, admission, marks)
    if (finds.length > 0) blocks.push({ block, finds })
  }
  return blocks
}

/** "info@", "info [at]": narrow columns break the line there. */
function goesOn(line: string): boolean {
  const last = line.charCodeAt(line.length - 1)
  return (last === 0x40 || isClosing(last)) && /[\p{L}\d](?:@| ?[[({](?:at|@)[\])}])$/iu.test(line.slice(-8))
}

function lineBehind({ text }: PageContent, block: number): string {
  return block + 1 < text.blockCount && text.tagOf(block + 1) === tag.br ? text.render(block + 1) : ''
}

function addFinds(
  content: PageContent,
  block: number,
  finds: TextFind[],
  admission: Admission,
  known: KnownLocals,
  add: Add,
): void {
  const raw = content.text.raw(block)
  const references = !content.plain && raw.includes('&')
  for (const { admitted: first, method, written, loose, text, start, end } of finds) {
    const admitted = loose ? known.better(first, admission) : first
    const hidden = references && method === 'text' && !raw.includes(written)
    add({ admitted, method: hidden ? 'entities' : method }, block, () => around(text, start, end))
  }
  if (raw.includes('BEGIN:VCARD'))
    readVcardAddresses(decodeText(raw, content.plain), admission, (discovery) => add(discovery, block, () => ''))
}

/** `depth`: so many texts with markup of their own are around it. */
function readSource(source: Source, content: PageContent, admission: Admission, add: Add, depth = 0): void {
  const { block } = source
  const tell = (discovery: Discovery): void => add(discovery, block, () => snippetOf(source, content))
  const tellFinds = (text: string, method: Method, doubt?: Discovery['doubt']): boolean => {
    const finds = findInMarkup(text, admission)
    for (const find of finds) {
      const plain = find.method === 'text' || (method === 'base64' && find.method === 'data-attribute')
      tell({ admitted: find.admitted, method: plain ? method : find.method, ...(doubt && { doubt }) })
    }
    return finds.length > 0
  }
  switch (source.way) {
    case 'link':
      readLinkAddresses(source.value, admission, tell)
      break
    case 'cloudflare':
      readCloudflareAddress(source.value, admission, tell)
      break
    case 'script':
      readScript(source.value, admission, tell)
      break
    case 'attribute':
      tellFinds(source.value, 'attribute', source.name === hiddenField ? 'hidden-field' : undefined)
      break
    case 'data':
      for (const readings of readDataAttributes(source.names, source.values)) {
        for (const { text, method } of readings) if (tellFinds(text, method)) break
      }
      break
    case 'vcard':
      readVcardAddresses(source.value, admission, tell)
      break
    case 'json':
    case 'json-ld':
      readJson(source, admission, tell)
      break
    case 'markup': {
      if (depth === deepestMarkup) break
      const inner = readHtml(source.value)
      const tellInner: Add = (discovery, _, snippet) => tell({ ...discovery, snippet: discovery.snippet ?? snippet() })
      for (const innerSource of inner.sources) readSource(innerSource, inner, admission, tellInner, depth + 1)
      for (const { block: at, finds } of findInBlocks(inner, admission))
        addFinds(inner, at, finds, admission, new KnownLocals(), tellInner)
      for (const { href, rel } of inner.links) content.addLink(href, rel)
      break
    }
  }
}

function readJson(
  { way, value }: Source & { way: 'json' | 'json-ld' },
  admission: Admission,
  tell: (discovery: Discovery) => void,
): void {
  if (!mayHoldAddress(value)) return
  // some pages wrap it in a comment or CDATA
  const bare = value.trim().replace(/^(?:<!--|<!\[CDATA\[|\/\*.*?\*\/)|(?:-->|\]\]>|;)$/g, '')
  // and some break lines inside of texts, as JSON must not
  const root = parseJson(bare) ?? parseJson(bare.replace(/\s+/g, ' '))
  if (root === undefined) {
    // what is no JSON may still be lines of JSON, or a script
    readScript(value, admission, (discovery) =>
      tell({ ...discovery, method: discovery.method === 'script' ? way : discovery.method }),
    )
    return
  }
  // in JSON the sign has no need of an escape but to be hidden
  const escaped = !value.includes('@')
  readJsonAddresses(root, escaped ? 'script-escape' : way, admission, tell)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function finish(sightings: Sighting[], content: PageContent): FoundEmail[] {
  const byAddress = Map.groupBy(sightings, ({ admitted }) => admitted.address)
  const people = new People(content.text, new Set(sightings.map(({ block }) => block)))
  const found: FoundEmail[] = []
  for (const [, group] of byAddress) {
    const person = personOf(group, people)
    for (const { admitted, method, snippet, doubt, block } of group) {
      const inSample = block >= 0 && block < content.text.blockCount && sampleTags.has(content.text.tagOf(block))
      const verdict = judge({
        admitted,
        method,
        doubt,
        named: person.personName !== undefined,
        inSample,
        ways: group.length,
      })
      found.push({ address: admitted.address, method, snippet, ...verdict, ...person })
    }
  }
  return found
}

/** What structured data say counts more than a name in a link, and that more than what stands near. */
function personOf(group: Sighting[], people: People): PersonFacts {
  const person: PersonFacts = {}
  for (const { person: facts } of group.toSorted((a, b) => weight(b) - weight(a)))
    if (facts !== undefined) fill(person, facts)
  if (person.personName !== undefined) return person
  const place = group.find(({ block }) => block >= 0)
  if (place !== undefined) fill(person, people.at(place.block, place.admitted.local, place.snippet))
  return person
}

function fill(person: PersonFacts, facts: PersonFacts): void {
  for (const key of ['personName', 'position', 'phone', 'organisation'] as const) {
    const fact = facts[key]
    if (fact !== undefined && person[key] === undefined) person[key] = fact
  }
}

function weight({ method, person }: Sighting): number {
  if (person === undefined) return -1
  return method === 'mailto' ? 0 : Object.keys(person).length
}

const sampleTags = new Set([tag.pre, tag.listing, tag.xmp])

/** The words of a link with what stands beside them on the line; for what has no words, the line. */
function snippetOf({ block, from, to }: Source, content: PageContent): string {
  if (block >= content.text.blockCount) return ''
  const { text, start, end } = content.text.readAround(block, from, to)
  return around(text, start, end)
}

/** At most 200 characters with the place in the middle, cut at spaces where there are some. */
function around(text: string, start: number, end: number): string {
  const room = Math.max(0, longestSnippet - (end - start))
  const to = Math.min(text.length, Math.max(0, start - Math.floor(room / 2)) + longestSnippet)
  const from = Math.max(0, to - longestSnippet)
  const piece = text.slice(from, to)
  const first = from === 0 ? 0 : piece.indexOf(' ') + 1
  const last = to === text.length ? piece.length : piece.lastIndexOf(' ')
  return piece.slice(first > start - from ? 0 : first, last < end - from ? piece.length : last).trim()
}

const longestSnippet = 200
