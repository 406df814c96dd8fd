import { ScriptTokens, type Token } from './javascript-tokens.ts'
import {
  callFunction,
  callMethod,
  concat,
  fromCodes,
  joinList,
  type List,
  type Text,
  textOf,
  toNumber,
  type Value,
} from './javascript-values.ts'

/** Called with each text that a script holds or puts together, with names and values of each object, and with the arguments of each call. */
export interface ScriptListener {
  text(text: Text): void
  object(names: string[], values: string[], start: number): void
  call(name: string, values: string[], start: number): void
}

/**
 * Reads a script for its texts without running it: joins pieces over "+", constants, `join`, `reverse`, `replace`, `fromCharCode`, `unescape`,
 * `atob`, templates, and objects of texts. One pass; what is not understood is stepped over, and its texts are told one by one.
 */
export function readScriptStrings(code: string, listener: ScriptListener): void {
  new ScriptReader(code, listener).readAll()
}

const deepestNesting = 40
const mostNames = 5000
const longestCallback = 80
/** A list of so many numbers may be the letters of an address. */
const fewestCodes = 6

class ScriptReader {
  private readonly tokens: ScriptTokens
  private readonly listener: ScriptListener
  private readonly code: string
  /** What names were last seen to hold, `a.b` included; without regard to scope. */
  private readonly names = new Map<string, Value>()
  private readonly kept = new WeakSet<Value>()
  private readonly objects: { names: string[]; values: string[]; start: number }[] = []
  private depth = 0
  private regex: string | undefined
  /** What `document.write` was told, one call after the other: a page writes an address piece by piece. */
  private written: Text[] = []
  /** Letters that we may still put together or tell: a script could make us join one long list a million times. */
  private allowance: number

  constructor(code: string, listener: ScriptListener) {
    this.code = code
    this.tokens = new ScriptTokens(code)
    this.listener = listener
    this.allowance = code.length * 8 + 50_000
  }

  readAll(): void {
    for (;;) {
      const { kind, text, start } = this.tokens.peek()
      if (kind === 'end') break
      if (kind === 'sign' && text !== '[' && text !== '(') {
        this.tokens.next()
        if (text === '{') this.objects.push({ names: [], values: [], start })
        else if (text === '}') this.closeObject()
      } else this.tell(this.readSum())
    }
    for (const value of this.names.values()) this.tellKept(value)
    this.tellWritten()
  }

  /** Pieces joined by "+"; undefined where one of them is unknown, the others told by then. */
  private readSum(): Value | undefined {
    let value = this.readOperand()
    while (this.isSign('+')) {
      this.tokens.next()
      const right = this.readOperand()
      const sum = this.add(value, right)
      if (sum === undefined) this.tell(value)
      value = sum ?? right
    }
    return value
  }

  private readOperand(): Value | undefined {
    if (this.depth >= deepestNesting) {
      this.tokens.next()
      return undefined
    }
    this.depth++
    let value = this.readPrimary()
    while (value !== undefined && (this.isSign('.') || this.isSign('['))) value = this.readMember(value)
    this.depth--
    return value
  }

  private readPrimary(): Value | undefined {
    const token = this.tokens.peek()
    switch (token.kind) {
      case 'string':
        this.tokens.next()
        // {"name": value}
        if (this.objects.length > 0 && this.isSign(':')) return this.readProperty(token.text)
        return textOf(token.text, token.start, { escaped: token.escaped })
      case 'number':
        this.tokens.next()
        return textOf(String(Number(token.text)), token.start)
      case 'regex':
        this.tokens.next()
        return undefined
      case 'name':
        return this.readName()
      case 'sign':
        if (token.text === '(') return this.readParentheses()
        if (token.text === '[') return this.readList()
        return undefined
      case 'end':
        return undefined
    }
  }

  private readParentheses(): Value | undefined {
    this.tokens.next()
    let value = this.readSum()
    while (this.isSign(',')) {
      this.tell(value)
      this.tokens.next()
      value = this.readSum()
    }
    if (this.isSign(')')) {
      this.tokens.next()
      return value
    }
    this.tell(value)
    return undefined
  }

  private readList(): List | undefined {
    const { start } = this.tokens.next()
    const items: Text[] = []
    let known = true
    for (;;) {
      if (this.isSign(']')) {
        this.tokens.next()
        if (known) return { kind: 'list', items, start }
        for (const item of items) this.tell(item)
        return undefined
      }
      if (this.isSign(',')) {
        this.tokens.next()
        continue
      }
      const before = this.tokens.peek()
      const value = this.readSum()
      if (value?.kind === 'text') items.push(value)
      else {
        this.tell(value)
        known = false
        if (this.tokens.peek() === before) {
          for (const item of items) this.tell(item)
          return undefined
        }
      }
    }
  }

  /** A name, perhaps with members; then a call, an assignment, a property of an object, or its value. */
  private readName(): Value | undefined {
    const { start, text: first } = this.tokens.next()
    let path = first
    if (first === 'new' || first === 'return' || first === 'typeof' || first === 'await') return this.readOperand()
    if (this.objects.length > 0 && this.isSign(':')) return this.readProperty(first)
    let value = this.names.get(path)
    while (value === undefined && this.isSign('.')) {
      this.tokens.next()
      if (this.tokens.peek().kind !== 'name') return undefined
      const { text } = this.tokens.next()
      path += `.${text}`
      value = this.names.get(path) ?? this.names.get(`.${text}`)
      if (this.isSign('(')) break
    }
    if (this.isSign('(') && value === undefined) return this.readCall(path, start)
    if (this.isSign('=') || this.isSign('+=')) return this.readAssignment(path, value)
    return value
  }

  /** What a name holds is told when it is given up, since until then it may only be a part: addy = addy + '.com'. */
  private readAssignment(path: string, before: Value | undefined): undefined {
    const { text: sign } = this.tokens.next()
    if (this.isSign('{')) return undefined
    const value = this.readSum()
    this.remember(path, sign === '=' ? value : this.add(before, value))
    return undefined
  }

  private readProperty(name: string): undefined {
    this.tokens.next()
    const value = this.readSum()
    if (value?.kind === 'text') {
      const object = this.objects.at(-1)
      if (object !== undefined && object.names.length < 50) {
        object.names.push(name)
        object.values.push(value.text)
      }
    }
    // the name may be the first choice of a condition: a ? 'info@acme.com' : b
    if (name.includes('@')) this.tell(textOf(name, 0))
    this.remember(`.${name}`, value)
    return undefined
  }

  private readCall(path: string, start: number): Value | undefined {
    const values = this.readArguments()
    const made = callFunction(path, values, start)
    if (made !== undefined) return made
    if (path === 'document.write' || path === 'document.writeln') this.write(values)
    const texts = values.map((value) => (value?.kind === 'text' ? value.text : undefined))
    if (texts.length > 0 && texts.every((text) => text !== undefined)) this.listener.call(path, texts, start)
    for (const value of values) this.tell(value)
    return undefined
  }

  private write(values: (Value | undefined)[]): void {
    for (const value of values) {
      if (value?.kind === 'text') this.written.push(value)
      else this.tellWritten()
    }
  }

  private tellWritten(): void {
    const { written } = this
    this.written = []
    if (written.length < 2) return
    const joined = joinList({ kind: 'list', items: written, start: written[0]!.start }, '')
    if (joined !== undefined) this.tellKept(joined)
  }

  private readMember(on: Value): Value | undefined {
    const { text: sign } = this.tokens.next()
    if (sign === '[') {
      const index = this.readSum()
      if (this.isSign(']')) this.tokens.next()
      const place = index?.kind === 'text' ? toNumber(index) : undefined
      if (place === undefined) return undefined
      if (on.kind === 'list') return on.items[place]
      return on.text[place] === undefined ? undefined : { ...on, text: on.text[place], made: true }
    }
    const name = this.tokens.peek()
    if (name.kind !== 'name') return on
    this.tokens.next()
    if (!this.isSign('(')) return undefined
    if (name.text === 'map' && on.kind === 'list') return this.readMap(on)
    const values = this.readArguments()
    const made = this.spend(sizeOf(on)) ? callMethod(on, name.text, values, this.regex) : undefined
    if (made !== undefined) return made
    this.tell(on)
    for (const value of values) this.tell(value)
    return undefined
  }

  /** [105, 110].map(code => String.fromCharCode(code)) */
  private readMap(on: List): List | undefined {
    const { start } = this.tokens.next()
    let open = 1
    let count = 0
    for (; open > 0 && count < longestCallback && this.tokens.peek().kind !== 'end'; count++) {
      const { kind, text } = this.tokens.next()
      if (kind === 'sign') open += text === '(' ? 1 : text === ')' ? -1 : 0
    }
    if (!this.code.slice(start, this.tokens.peek().start).includes('fromCharCode') || !this.spend(on.items.length))
      return undefined
    const text = fromCodes(on.items, on.start)
    return text && { kind: 'list', items: Array.from(text.text, (char) => ({ ...text, text: char })), start: on.start }
  }

  /** Also leaves in `regex` the last pattern among them. */
  private readArguments(): (Value | undefined)[] {
    this.tokens.next()
    this.regex = undefined
    let regex: string | undefined
    const values: (Value | undefined)[] = []
    for (;;) {
      const token: Token = this.tokens.peek()
      if (token.kind === 'end') break
      if (this.isSign(')')) {
        this.tokens.next()
        break
      }
      if (this.isSign(',') || this.isSign('.')) {
        this.tokens.next()
        continue
      }
      if (token.kind === 'regex') {
        regex = token.text
        this.tokens.next()
        continue
      }
      const value = this.readSum()
      values.push(value)
      // an argument that is more than a sum, such as a function: what follows is read as if it stood alone
      if (!this.isSign(',') && !this.isSign(')')) {
        for (const known of values) this.tell(known)
        if (this.tokens.peek() === token) this.tokens.next()
        values.length = 0
        break
      }
    }
    this.regex = regex
    return values
  }

  private closeObject(): void {
    const object = this.objects.pop()
    if (object !== undefined && object.names.length > 1) this.listener.object(object.names, object.values, object.start)
  }

  private tell(value: Value | undefined): void {
    if (value !== undefined && !this.kept.has(value)) this.tellKept(value)
  }

  private tellKept(value: Value): void {
    if (!this.spend(sizeOf(value))) return
    if (value.kind === 'text') this.listener.text(value)
    else {
      for (const item of value.items) this.listener.text(item)
      const joined = joinList(value, '')
      if (joined !== undefined) this.listener.text(joined)
      const coded = value.items.length < fewestCodes ? undefined : fromCodes(value.items, value.start)
      if (coded !== undefined) this.listener.text(coded)
    }
  }

  /** What a name holds is told when the name gets something else, since until then it may be a mere part: addy = addy + '.com'. */
  private remember(path: string, value: Value | undefined): void {
    const before = this.names.get(path)
    if (before !== undefined && !(before.kind === 'text' && value?.kind === 'text' && value.text.includes(before.text)))
      this.tellKept(before)
    if (value === undefined) this.names.delete(path)
    else if (this.names.size >= mostNames && before === undefined) this.tell(value)
    else {
      this.names.set(path, value)
      this.kept.add(value)
    }
  }

  private add(left: Value | undefined, right: Value | undefined): Text | undefined {
    if (left?.kind !== 'text' || right?.kind !== 'text') return undefined
    return concat(left, right)
  }

  private spend(letters: number): boolean {
    this.allowance -= letters + 1
    return this.allowance > 0
  }

  private isSign(text: string): boolean {
    const token = this.tokens.peek()
    return token.kind === 'sign' && token.text === text
  }
}

function sizeOf(value: Value): number {
  return value.kind === 'text' ? value.text.length : value.items.length * 10
}
