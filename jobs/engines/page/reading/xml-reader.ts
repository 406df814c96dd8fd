import { isMailto } from '../hiding/mailto.ts'
import { END, HtmlTokens, OPEN, TEXT } from './html-tokens.ts'
import { PageContent } from './page-content.ts'

/** Reads XML: every element is a block, every attribute may hold an address, and text may be markup written as text, as in feeds. */
export function readXml(body: string): PageContent {
  const content = new PageContent(body)
  const tokens = new HtmlTokens(body, true)
  let name = ''
  for (let kind = tokens.next(); kind !== END; kind = tokens.next()) {
    if (kind === TEXT) {
      readText(name, tokens, content)
      continue
    }
    content.text.endBlock(0)
    name = kind === OPEN ? tokens.name() : ''
    if (kind === OPEN) readAttributes(name, tokens, content)
  }
  content.text.endBlock(0)
  return content
}

function readText(name: string, tokens: HtmlTokens, content: PageContent): void {
  const text = tokens.text()
  const trimmed = text.trim()
  if (trimmed === '') return
  if (name === 'title') content.setTitle(trimmed)
  else if (name === 'language' || name === 'dc:language') content.language ??= trimmed
  else if (linkElements.has(name) && /^https?:\/\/\S{1,2000}$/i.test(trimmed)) {
    content.addLink(trimmed)
    return
  }
  if (trimmed.includes('<') && /<[a-z][^<>]*>/i.test(trimmed.slice(0, 100_000)))
    content.addSource({ way: 'markup', value: trimmed })
  else if (tokens.marks !== 0) content.text.addLoose(text, tokens.start, tokens.end, true, false, tokens.marks)
  else content.text.add(tokens.start, tokens.end, true, false, 0)
}

const linkElements = new Set(['link', 'loc', 'url', 'comments', 'guid', 'atom:link'])

function readAttributes(name: string, tokens: HtmlTokens, content: PageContent): void {
  if (name === 'a' || name === 'link' || name === 'atom:link' || name === 'outline') {
    const href = tokens.get('href') ?? tokens.get('htmlurl') ?? tokens.get('url')
    if (href !== undefined && !isMailto(href)) content.addLink(href, tokens.get('rel'))
  }
  if (tokens.hasAt)
    for (let i = 0; i < tokens.count; i++)
      if (tokens.valueAt(i).includes('@'))
        content.addSource({ way: 'attribute', name: tokens.nameAt(i), value: tokens.valueAt(i) })
}
