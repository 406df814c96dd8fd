import { type ScriptListener, ScriptTexts } from './javascript-texts.ts'
import { ScriptTokens, type Token } from './javascript-tokens.ts'
import {
  callFunction,
  callMethod,
  concat,
  fromCodes,
  type List,
  type Text,
  textOf,
  toNumber,
  type Value,
} from './javascript-values.ts'

/**
 * Reads a script for its texts without running it: joins pieces over "+", constants, `join`, `reverse`, `replace`, `fromCharCode`, `unescape`,
 * `atob`, templates, and objects of texts. One pass; what is not understood is stepped over, and its texts are told one by one.
 */
export function readScriptStrings(code: string, listener: ScriptListener): void {
  new ScriptReader(code, listener).readAll()
}

const deepestNesting = 40
const longestCallback = 80
/** `a.b.c` */
const longestPath = 300
class ScriptReader {
  private readonly tokens: ScriptTokens
  private readonly listener: ScriptListener
  private readonly texts: ScriptTexts
  private readonly code: string
  private readonly objects: { names: string[]; values: string[]; start: number }[] = []
  private depth = 0
  private regex: string | undefined
  constructor(code: string, listener: ScriptListener) {
    this.code = code
    this.tokens = new ScriptTokens(code)
    this.listener = listener
    this.texts = new ScriptTexts(listener, code.length * 8 + 50_000)
  }

  readAll(): void {
    for (;;) {
      const { kind, text, start } = this.tokens.peek()
      if (kind === 'end') break
      if (kind === 'sign' && text !== '[' && text !== '(') {
        this.tokens.next()
        if (text === '{') this.objects.push({ names: [], values: [], start })
        else if (text === '}') this.closeObject()
      } else this.texts.tell(this.readSum())
    }
    this.texts.end()
  }

  /** Pieces joined by "+"; undefined where one of them is unknown, the others told by then. */
  private readSum(): Value | undefined {
    let value = this.readOperand()
    while (this.isSign('+')) {
      this.tokens.next()
      const right = this.readOperand()
      const sum = this.add(value, right)
      if (sum === undefined) this.texts.tell(value)
      value = sum ?? right
    }
    return value
  }

  private readOperand(): Value | undefined {
    if (this.depth >= deepestNesting) {
      // the end stays: who asks whether anything was taken must see it again
      if (this.tokens.peek().kind !== 'end') this.tokens.next()
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
      this.texts.tell(value)
      this.tokens.next()
      value = this.readSum()
    }
    if (this.isSign(')')) {
      this.tokens.next()
      return value
    }
    this.texts.tell(value)
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
        for (const item of items) this.texts.tell(item)
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
        this.texts.tell(value)
        known = false
        if (this.tokens.peek() === before) {
          for (const item of items) this.texts.tell(item)
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
    let value = this.texts.named(path)
    while (value === undefined) {
      const byIndex = this.isNamedIndex()
      if ((!byIndex && !this.isSign('.')) || path.length > longestPath) break
      this.tokens.next()
      if (!byIndex && this.tokens.peek().kind !== 'name') return undefined
      const { text } = this.tokens.next()
      if (byIndex) this.tokens.next()
      path += `.${text}`
      value = this.texts.named(path) ?? this.texts.named(`.${text}`)
      if (this.isSign('(')) break
    }
    if (this.isSign('(') && value === undefined) return this.readCall(path, start)
    if (this.isSign('=') || this.isSign('+=')) return this.readAssignment(path, value)
    return value
  }

  /** `['user']`, which is the same as `.user`. */
  private isNamedIndex(): boolean {
    if (!this.isSign('[')) return false
    const name = this.tokens.peek(1)
    return name.kind === 'string' && /^[\w$]+$/.test(name.text) && this.tokens.peek(2).text === ']'
  }

  /** What a name holds is told when it is given up, since until then it may only be a part: addy = addy + '.com'. */
  private readAssignment(path: string, before: Value | undefined): undefined {
    const { text: sign } = this.tokens.next()
    if (this.isSign('{')) return undefined
    const value = this.readSum()
    this.texts.remember(path, sign === '=' ? value : this.add(before, value))
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
    if (name.includes('@')) this.texts.tell(textOf(name, 0))
    this.texts.remember(`.${name}`, value)
    return undefined
  }

  private readCall(path: string, start: number): Value | undefined {
    const values = this.readArguments()
    const made = callFunction(path, values, start)
    if (made !== undefined) return made
    if (path === 'document.write' || path === 'document.writeln') this.texts.write(values)
    const texts = values.map((value) => (value?.kind === 'text' ? value.text : undefined))
    const known = texts.length > 0 && texts.every((text) => text !== undefined)
    if (!known || !this.listener.call(path, texts, start)) for (const value of values) this.texts.tell(value)
    return undefined
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
    const made = this.texts.affords(on) ? callMethod(on, name.text, values, this.regex) : undefined
    if (made !== undefined) return made
    this.texts.tell(on)
    for (const value of values) this.texts.tell(value)
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
    if (!this.code.slice(start, this.tokens.peek().start).includes('fromCharCode') || !this.texts.affords(on))
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
        for (const known of values) this.texts.tell(known)
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

  private add(left: Value | undefined, right: Value | undefined): Text | undefined {
    if (left?.kind !== 'text' || right?.kind !== 'text') return undefined
    return concat(left, right)
  }

  private isSign(text: string): boolean {
    const token = this.tokens.peek()
    return token.kind === 'sign' && token.text === text
  }
}
