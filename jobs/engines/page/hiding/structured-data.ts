import { parseDocument } from 'htmlparser2'

import type { Admission } from '../spelling/admission.ts'
import { oneLine } from '../spelling/letters.ts'
import { findInText } from '../spelling/text-addresses.ts'
import type { PersonFacts, Tell } from './discovery.ts'
import { decodeCloudflare } from './encodings.ts'
import { isMailto, readMailto } from './mailto.ts'

type Root = ReturnType<typeof parseDocument>
type Node = Root['children'][number]
type Element = Extract<Node, { attribs: object; children: Node[] }>
type Vocabulary = 'microdata' | 'rdfa' | 'hcard'

/**
 * Tells the addresses that a page marks as such by microdata, RDFa, hCard or h-card, with the facts of the item each belongs to. Needs a tree; the
 * caller keeps away pages that nest deeper than any honest one, since the parser's time grows with the depth.
 */
export function readStructuredData(body: string, admission: Admission, tell: Tell): void {
  const items = new Map<Element, { person: PersonFacts; snippet: string }>()
  const waiting: Node[] = [...parseDocument(body, { lowerCaseTags: true }).children].reverse()
  while (waiting.length > 0) {
    const node = waiting.pop()!
    if (!isElement(node)) continue
    for (let i = node.children.length - 1; i >= 0; i--) waiting.push(node.children[i]!)
    const vocabulary = emailVocabulary(node)
    if (vocabulary === undefined) continue
    const scope = scopeOf(node, vocabulary)
    let item = scope && items.get(scope)
    if (scope !== undefined && item === undefined) {
      items.set(scope, (item = { person: readFacts(scope, vocabulary), snippet: snippetOf(scope) }))
    }
    const snippet = item?.snippet ?? snippetOf(node)
    for (const text of vocabulary === 'hcard' ? cardValuesOf(node) : valuesOf(node)) {
      for (const { admitted } of findInText(oneLine(text), admission))
        tell({ admitted, method: vocabulary, snippet, ...(item && { person: item.person }) })
    }
  }
}

function isElement(node: Node): node is Element {
  return 'attribs' in node && 'children' in node
}

function emailVocabulary({ attribs }: Element): Vocabulary | undefined {
  if (hasWord(attribs.itemprop, /^(?:https?:\/\/schema\.org\/)?e-?mail$/i)) return 'microdata'
  if (hasWord(attribs.property, /^(?:schema:|foaf:|v:|vcard:|https?:\/\/schema\.org\/)?(?:email|mbox)$/i)) return 'rdfa'
  return hasWord(attribs.class, /^(?:email|u-email)$/) ? 'hcard' : undefined
}

function hasWord(words: string | undefined, pattern: RegExp): boolean {
  return words !== undefined && words.split(/\s+/).some((word) => pattern.test(word))
}

function isScope({ attribs }: Element, vocabulary: Vocabulary): boolean {
  switch (vocabulary) {
    case 'microdata':
      return attribs.itemscope !== undefined
    case 'rdfa':
      return attribs.typeof !== undefined
    case 'hcard':
      return hasWord(attribs.class, /^(?:vcard|h-card)$/)
  }
}

function scopeOf(node: Element, vocabulary: Vocabulary): Element | undefined {
  for (let up: Node['parent'] = node.parent; up !== null && up !== undefined; up = up.parent) {
    if ('attribs' in up && isScope(up, vocabulary)) return up
  }
  return undefined
}

/** The properties of one item, those of items inside it left out but for the firm that somebody works for. */
function readFacts(scope: Element, vocabulary: Vocabulary): PersonFacts {
  const facts: PersonFacts = {}
  const waiting: Node[] = [...scope.children].reverse()
  while (waiting.length > 0) {
    const node = waiting.pop()!
    if (!isElement(node)) continue
    const inner = isScope(node, vocabulary)
    for (const name of propertiesOf(node, vocabulary))
      setFact(facts, name, inner ? nameOfItem(node, vocabulary) : (node.attribs.content ?? textOf(node)))
    if (!inner) for (let i = node.children.length - 1; i >= 0; i--) waiting.push(node.children[i]!)
  }
  const type = `${scope.attribs.itemtype ?? ''} ${scope.attribs.typeof ?? ''}`
  if (
    facts.organisation === undefined &&
    facts.personName !== undefined &&
    type.trim() !== '' &&
    !/Person|ContactPoint/i.test(type)
  ) {
    facts.organisation = facts.personName
    delete facts.personName
  }
  if (facts.personName === facts.organisation) delete facts.personName
  return facts
}

function propertiesOf({ attribs }: Element, vocabulary: Vocabulary): string[] {
  const words = vocabulary === 'microdata' ? attribs.itemprop : vocabulary === 'rdfa' ? attribs.property : attribs.class
  return (
    words
      ?.toLowerCase()
      .split(/\s+/)
      .map((word) => word.replace(/^(?:schema:|foaf:|v:|vcard:|https?:\/\/schema\.org\/|p-|u-)/, '')) ?? []
  )
}

function setFact(facts: PersonFacts, property: string, text: string): void {
  const value = oneLine(text).slice(0, 200)
  if (value === '') return
  switch (property) {
    case 'name':
    case 'fn':
      facts.personName ??= value
      break
    case 'jobtitle':
    case 'job-title':
    case 'title':
    case 'role':
      facts.position ??= value
      break
    case 'telephone':
    case 'tel':
    case 'phone':
      facts.phone ??= value.replace(/^tel:/i, '')
      break
    case 'worksfor':
    case 'affiliation':
    case 'org':
    case 'organization-name':
    case 'memberof':
    case 'legalname':
      facts.organisation ??= value
      break
    default:
  }
}

function nameOfItem(item: Element, vocabulary: Vocabulary): string {
  return readFacts(item, vocabulary).organisation ?? readFacts(item, vocabulary).personName ?? textOf(item)
}

/** The same of an hCard, which may say beside the address of what type it is: `<i class="type">work</i><i class="value">…</i>`. */
function cardValuesOf(node: Element): string[] {
  const values = node.children.filter(isElement).filter(({ attribs }) => hasWord(attribs.class, /^value$/))
  return values.length === 0 ? valuesOf(node) : values.flatMap(valuesOf)
}

/** What a property says: its `content`, what it links to, its text. */
function valuesOf(node: Element): string[] {
  const { content, href, title } = node.attribs
  if (content !== undefined) return [content]
  if (node.attribs['data-cfemail'] !== undefined) return [decodeCloudflare(node.attribs['data-cfemail']) ?? '']
  if (href !== undefined && isMailto(href)) return readMailto(href).map((target) => target.text)
  if (href?.includes('/email-protection#')) return [decodeCloudflare(href.slice(href.indexOf('#') + 1)) ?? '']
  if (node.name === 'abbr' && title !== undefined) return [title]
  const cloudflare = node.children.find((child) => isElement(child) && child.attribs['data-cfemail'] !== undefined)
  if (cloudflare !== undefined && isElement(cloudflare)) return valuesOf(cloudflare)
  return [textOf(node)]
}

/** The text inside, at most some 300 characters of it. */
function textOf(node: Node): string {
  let text = ''
  const waiting: Node[] = [node]
  while (waiting.length > 0 && text.length < 300) {
    const next = waiting.pop()!
    if (next.nodeType === 3 && 'data' in next) text += next.data
    else if (isElement(next) && next.name !== 'script' && next.name !== 'style' && next.name !== 'template') {
      for (let i = next.children.length - 1; i >= 0; i--) waiting.push(next.children[i]!)
      if (next.name === 'br') text += ' '
    }
  }
  return text
}

function snippetOf(node: Element): string {
  return oneLine(textOf(node)).slice(0, 200)
}
