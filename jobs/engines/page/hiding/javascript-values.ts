import { decodePercent } from './encodings.ts'

/** What we know of a value in a script: a text or a list of texts. Numbers are texts. */
export type Value = Text | List

export interface Text {
  kind: 'text'
  text: string
  /** Put together, computed or decoded; not just written there. */
  made: boolean
  /** Written with the codes of letters. */
  escaped: boolean
  base64: boolean
  /** Place of its first piece. */
  start: number
}

export interface List {
  kind: 'list'
  items: Text[]
  start: number
}

/** Longer texts are markup of whole pages; joining those again and again would cost more than linear time. */
export const longestText = 20_000
const longestList = 5000

export function textOf(text: string, start: number, from?: Partial<Text>): Text {
  return { kind: 'text', text, made: false, escaped: false, base64: false, start, ...from }
}

export function concat(left: Text, right: Text): Text | undefined {
  if (left.text.length + right.text.length > longestText) return undefined
  return {
    kind: 'text',
    text: left.text + right.text,
    made: true,
    escaped: left.escaped || right.escaped,
    base64: left.base64 || right.base64,
    start: left.start,
  }
}

/** Functions that are called by their name alone. */
export function callFunction(name: string, values: (Value | undefined)[], start: number): Value | undefined {
  const first = values[0]
  switch (name) {
    case 'unescape':
    case 'decodeURIComponent':
    case 'decodeURI':
      return first?.kind === 'text'
        ? {
            ...first,
            text: decodePercent(first.text.replace(/%u([\da-f]{4})/gi, (_, hex: string) => codeText(hex, 16))),
            made: true,
          }
        : undefined
    case 'escape':
    case 'encodeURI':
    case 'String':
      return first?.kind === 'text' ? first : undefined
    case 'atob':
    case 'window.atob':
      return first?.kind === 'text' ? { ...first, text: fromBase64(first.text), made: true, base64: true } : undefined
    case 'String.fromCharCode':
    case 'String.fromCodePoint':
    case 'String.fromCharCode.apply':
    case 'String.fromCharCode.call':
      return fromCodes(
        values.flatMap((value) => (value === undefined ? [] : value.kind === 'list' ? value.items : [value])),
        start,
      )
    case 'Array':
    case 'Array.of':
    case 'Array.from':
      if (first?.kind === 'list') return first
      return { kind: 'list', items: values.filter((value) => value?.kind === 'text'), start }
    case 'parseInt':
    case 'Number':
      return first?.kind === 'text' ? first : undefined
    default:
      return undefined
  }
}

/** Methods of texts and lists. `regex` is a pattern that was given where a text may be. */
export function callMethod(
  on: Value,
  method: string,
  values: (Value | undefined)[],
  regex: string | undefined,
): Value | undefined {
  const [first, second] = values.map((value) => (value?.kind === 'text' ? value : undefined))
  if (on.kind === 'list') {
    switch (method) {
      case 'join':
        return joinList(on, values.length === 0 ? ',' : first?.text)
      case 'reverse':
        return { ...on, items: on.items.toReversed() }
      case 'slice':
        return { ...on, items: on.items.slice(toNumber(first) ?? 0, toNumber(second)) }
      case 'concat':
        return {
          ...on,
          items: [
            ...on.items,
            ...values.flatMap((value) => (value?.kind === 'list' ? value.items : (value ?? []))),
          ].slice(0, longestList),
        }
      default:
        return undefined
    }
  }
  const made = (text: string): Text => ({ ...on, text: text.slice(0, longestText), made: true })
  switch (method) {
    case 'concat':
      return values.reduce<Text | undefined>(
        (joined, value) => (joined && value?.kind === 'text' ? concat(joined, value) : undefined),
        on,
      )
    case 'split':
      if (first === undefined && regex === undefined) return undefined
      return {
        kind: 'list',
        items: on.text
          .split(first?.text ?? patternOf(regex!))
          .slice(0, longestList)
          .map((text) => ({ ...on, text, made: true })),
        start: on.start,
      }
    case 'replace':
    case 'replaceAll': {
      const target = regex === undefined ? first : undefined
      const replacement = regex === undefined ? second : first
      if (replacement === undefined) return undefined
      if (regex !== undefined) return made(replacePattern(on.text, regex, replacement.text))
      if (target === undefined) return undefined
      return made(
        method === 'replace'
          ? on.text.replace(target.text, () => replacement.text)
          : on.text.replaceAll(target.text, () => replacement.text),
      )
    }
    case 'toLowerCase':
      return made(on.text.toLowerCase())
    case 'trim':
      return made(on.text.trim())
    case 'toString':
    case 'valueOf':
      return on
    case 'substring':
      return made(on.text.substring(toNumber(first) ?? 0, toNumber(second)))
    case 'slice':
      return made(on.text.slice(toNumber(first) ?? 0, toNumber(second)))
    case 'substr': {
      const from = toNumber(first) ?? 0
      const count = toNumber(second)
      return made(on.text.slice(from, count === undefined ? undefined : from + count))
    }
    case 'charAt':
      return made(on.text.charAt(toNumber(first) ?? 0))
    default:
      return undefined
  }
}

export function fromCodes(items: Text[], start: number): Text | undefined {
  if (items.length === 0 || items.length > longestList) return undefined
  const codes = items.map(({ text }) => Number(text))
  if (!codes.every((code) => Number.isInteger(code) && code >= 0 && code < 0x110000)) return undefined
  return textOf(codes.map((code) => String.fromCodePoint(code)).join(''), start, { made: true })
}

export function joinList(list: List, separator: string | undefined): Text | undefined {
  if (separator === undefined) return undefined
  const text = list.items.map((item) => item.text).join(separator)
  if (text.length > longestText) return undefined
  return textOf(text, list.start, { made: true, base64: list.items.some((item) => item.base64) })
}

export function toNumber(value: Text | undefined): number | undefined {
  const number = value === undefined ? Number.NaN : Number(value.text)
  return Number.isInteger(number) ? number : undefined
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8')
}

function codeText(digits: string, radix: number): string {
  return String.fromCharCode(Number.parseInt(digits, radix))
}

/** Plain letters of a pattern such as /\[at\]/g; anything cleverer is a pattern that matches nothing. */
function patternOf(regex: string): string {
  const body = /^\/((?:[^\\[\]().*+?{}|^$/]|\\[^\w])+|\[[^\\\]]\])\/[a-z]*$/.exec(regex)?.[1]
  return body === undefined ? '\0' : body.replace(/^\[(.)\]$/, '$1').replace(/\\(.)/g, '$1')
}

/** Patterns are never run: one from a page could take for ever. Only sets and plain letters are understood. */
function replacePattern(text: string, regex: string, replacement: string): string {
  const flags = regex.slice(regex.lastIndexOf('/') + 1)
  const set = /^\/\[([^\]\\^-]+)\]\/[a-z]*$/.exec(regex)?.[1]
  const plain = patternOf(regex)
  if (set !== undefined) {
    const chars = Array.from(text, (char) => (set.includes(char) ? replacement : char))
    return chars.join('')
  }
  if (!flags.includes('g')) return text.replace(plain, () => replacement)
  return text.replaceAll(plain, () => replacement)
}
