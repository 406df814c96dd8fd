import { load } from 'cheerio'
import type { ChildNode, Text } from 'domhandler'

import { ContentBuilder } from './content-builder.ts'
import { RAW, tag, tagFlags, tagNames } from './html-tags.ts'
import type { Attributes } from './html-tokens.ts'
import type { PageContent } from './page-content.ts'

/**
 * The same as `readHtml` by way of a tree from parse5, as browsers build it: slow and exact, and not linear for hostile input. Everything
 * that it reads is marked for a look, so that it shows what the light way passes over.
 */
export function readHtmlAsTree(body: string): PageContent {
  const root = load(body, { sourceCodeLocationInfo: true, scriptingEnabled: false }).root()[0]!
  const builder = new ContentBuilder(body)
  // no recursion: a tree may be as deep as its page is long
  const waiting: (ChildNode | number)[] = [...root.children].reverse()
  while (waiting.length > 0) {
    const next = waiting.pop()!
    if (typeof next === 'number') builder.leave(next)
    else if (next.nodeType === 3) readText(next, builder)
    else if ('attribs' in next) {
      waiting.push(builder.open(numbers.get(next.name) ?? 0, new TreeAttributes(next.attribs)))
      for (let i = next.children.length - 1; i >= 0; i--) waiting.push(next.children[i]!)
    }
  }
  builder.endBlock()
  return builder.content
}

function readText(node: Text, builder: ContentBuilder): void {
  const { parent, data } = node
  const name = parent?.nodeType === 1 ? parent.name : ''
  const number = numbers.get(name) ?? 0
  if (number === tag.script && parent?.nodeType === 1) builder.script(parent.attribs.type ?? '', data)
  else if (number === tag.style) builder.style(data)
  else if (number === tag.xmp || number === tag.plaintext) builder.looseText(data)
  else if ((tagFlags[number]! & RAW) === 0) {
    if (number === tag.title) builder.content.setTitle(data)
    const place = node.sourceCodeLocation
    builder.looseText(data, place?.startOffset, place?.endOffset)
  }
}

const numbers = new Map(tagNames.map((name, number) => [name, number]))

class TreeAttributes implements Attributes {
  readonly firstLetters: number
  readonly count: number
  readonly hasAt: boolean
  readonly mayBeCard: boolean
  private readonly attribs: Record<string, string>
  private readonly names: string[]

  constructor(attribs: Record<string, string>) {
    this.attribs = attribs
    this.names = Object.keys(attribs)
    this.count = this.names.length
    let bits = 0
    for (const name of this.names) bits |= 1 << (name.charCodeAt(0) & 31)
    this.firstLetters = bits
    this.mayBeCard = /vc|u-/.test(this.get('class') ?? '')
    this.hasAt = Object.values(attribs).some((value) => value.includes('@'))
  }

  get(name: string): string | undefined {
    return Object.hasOwn(this.attribs, name) ? this.attribs[name] : undefined
  }

  nameAt(i: number): string {
    return this.names[i]!.toLowerCase()
  }

  valueAt(i: number): string {
    return this.attribs[this.names[i]!]!
  }
}
