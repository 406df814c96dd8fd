import type { FoundEmail, Method } from './found-email.ts'
import { readDataAttributes } from './hiding/data-attributes.ts'
import type { Discovery, PersonFacts } from './hiding/discovery.ts'
import { readJsonAddresses } from './hiding/json-addresses.ts'
import { readCloudflareAddress, readLinkAddresses, readVcardAddresses } from './hiding/link-addresses.ts'
import { findInMarkup } from './hiding/markup-text.ts'
import { mayHoldAddress, readScript } from './hiding/script-addresses.ts'
import { mayBeStructured, readStructuredData } from './hiding/structured-data.ts'
import { People } from './people/people.ts'
import { judge } from './quality.ts'
import { tag } from './reading/html-tags.ts'
import { decodeText } from './reading/html-tokens.ts'
import { readHtml } from './reading/light-reader.ts'
import { hiddenField, type PageContent, type Source } from './reading/page-content.ts'
import type { Admission, Admitted } from './spelling/admission.ts'
import { findInText, type KnownLocals } from './spelling/text-addresses.ts'

/** One way in which an address was found, before it is judged. */
interface Sighting extends Discovery {
  /** Block of visible text at or before which it stands; -1 for none. */
  block: number
  snippet: string
}

type Add = (discovery: Discovery, block: number, near: string) => void

/** Trees of pages that nest deeper take too long to build; no honest page does. */
const deepestTree = 1000

/** All addresses of a page, in each way in which it gives them, judged, with the people beside them. In the order of the page. */
export function collectAddresses(content: PageContent, admission: Admission): FoundEmail[] {
  const sightings = new Map<string, Sighting>()
  const add: Add = (discovery, block, near) => {
    const key = `${discovery.method} ${discovery.admitted.address}`
    const known = sightings.get(key)
    if (known === undefined)
      sightings.set(key, { ...discovery, block, snippet: discovery.snippet ?? snippetAt(content, block, near) })
    else if (known.person === undefined && discovery.person !== undefined) known.person = discovery.person
  }
  readContent(content, admission, add)
  if (content.structured || (sightings.size > 0 && mayBeStructured(content.source))) {
    if (content.deepest <= deepestTree)
      readStructuredData(content.source, admission, (discovery) => add(discovery, -1, ''))
  }
  return sightings.size === 0
    ? []
    : finish(
        [...sightings.values()].toSorted((a, b) => a.block - b.block),
        content,
      )
}

function readContent(content: PageContent, admission: Admission, add: Add): void {
  const known = new Map<string, string[]>()
  const addSource: Add = (discovery, block, near) => {
    const { local, domain } = discovery.admitted
    if (discovery.method === 'mailto') known.set(domain, [...(known.get(domain) ?? []).slice(-mostKnown), local])
    add(discovery, block, near)
  }
  for (const source of content.sources) readSource(source, content, admission, addSource)
  for (let block = 0; block < content.text.blockCount; block++)
    if (content.text.isMarked(block)) readBlock(content, block, admission, known, add)
}

/** A page with more mail links at one domain is a list, and has no doubtful text. */
const mostKnown = 50

function readBlock(content: PageContent, block: number, admission: Admission, known: KnownLocals, add: Add): void {
  const text = content.text.render(block)
  const finds = findInText(text, admission, known)
  if (finds.length === 0) return
  const raw = content.text.raw(block)
  const references = !content.plain && raw.includes('&')
  for (const { admitted, method, written, text, start, end } of finds) {
    const hidden = references && method === 'text' && !raw.includes(written)
    add({ admitted, method: hidden ? 'entities' : method, snippet: around(text, start, end) }, block, written)
  }
  if (text.includes('BEGIN:VCARD'))
    readVcardAddresses(decodeText(raw, content.plain), admission, (discovery) => add(discovery, block, ''))
}

function readSource(source: Source, content: PageContent, admission: Admission, add: Add): void {
  const { block } = source
  const near = source.to > source.from ? content.text.readRun(source.from, source.to) : ''
  const tell = (discovery: Discovery): void => add(discovery, block, near || discovery.admitted.address)
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
      const inner = readHtml(source.value)
      readContent(inner, admission, (discovery, innerBlock, innerNear) =>
        tell({ ...discovery, snippet: discovery.snippet ?? snippetAt(inner, innerBlock, innerNear) }),
      )
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
  let root: unknown
  try {
    // some pages wrap it in a comment or CDATA
    root = JSON.parse(value.replace(/^\s*(?:<!--|<!\[CDATA\[|\/\*.*?\*\/)\s*|\s*(?:-->|\]\]>|;)\s*$/g, ''))
  } catch {
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
  if (place !== undefined) fill(person, people.at(place.block, place.admitted.local))
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

function snippetAt(content: PageContent, block: number, near: string): string {
  if (block < 0 || block >= content.text.blockCount) return near.slice(0, 200)
  const text = content.text.read(block)
  const at = text.indexOf(near)
  return at < 0 ? text.slice(0, 200) : around(text, at, at + near.length)
}

/** At most 200 characters with the place in the middle, cut at spaces where there are some. */
function around(text: string, start: number, end: number): string {
  const room = Math.max(0, 200 - (end - start))
  let from = Math.max(0, start - Math.floor(room / 2))
  let to = Math.min(text.length, from + 200)
  from = Math.max(0, to - 200)
  if (from > 0) {
    const space = text.indexOf(' ', from)
    if (space >= 0 && space < start) from = space + 1
  }
  if (to < text.length) {
    const space = text.lastIndexOf(' ', to)
    if (space >= end) to = space
  }
  return text.slice(from, to)
}
