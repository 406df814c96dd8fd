/** One token of a script. A template literal comes as strings, "+", "(" and ")", as if it had been written so. */
export interface Token {
  kind: 'string' | 'number' | 'name' | 'sign' | 'regex' | 'end'
  /** Of a string its value. */
  text: string
  start: number
  /** A string in which a letter is written as its code: "\x40". */
  escaped: boolean
}

/**
 * Cuts a script into tokens, well enough to find its strings; nothing is ever run. The end of a line closes a string that was left open, so
 * that a mistake about what "/" means is over there. Linear: no character is looked at more than a fixed number of times.
 */
export class ScriptTokens {
  private readonly code: string
  private position = 0
  private previous = token('end', '', 0)
  private readonly ahead: Token[] = []
  /** For each template that is open around us, how many braces are open inside its `${`. */
  private readonly templates: number[] = []

  constructor(code: string) {
    this.code = code
  }

  /** The next token, or one behind it. */
  peek(behind = 0): Token {
    while (this.ahead.length <= behind) this.read()
    return this.ahead[behind]!
  }

  next(): Token {
    if (this.ahead.length === 0) this.read()
    return this.ahead.shift()!
  }

  private read(): void {
    this.skipBlanks()
    const { code, position } = this
    const char = code[position]
    if (char === undefined) this.push(token('end', '', position))
    else if (char === '"' || char === "'") this.push(this.readText(char))
    else if (char === '`') this.readTemplate()
    else if (isNameStart(char)) this.push(this.readName())
    else if (char >= '0' && char <= '9') this.push(this.readNumber())
    else if (char === '/' && this.regexMayStart()) this.readRegex()
    else this.readSign(char)
  }

  private readSign(char: string): void {
    const start = this.position++
    const depth = this.templates.length - 1
    if (depth >= 0) {
      if (char === '{') this.templates[depth]!++
      else if (char === '}' && this.templates[depth]!-- === 0) {
        this.templates.pop()
        this.push(token('sign', ')', start), token('sign', '+', start))
        this.position--
        this.readTemplate()
        return
      }
    }
    if ((char === '+' || char === '=') && (this.code[this.position] === '=' || this.code[this.position] === '>')) {
      this.position++
      // "==" and "===" are one sign to us, and so is "+="
      while (this.code[this.position] === '=') this.position++
    }
    this.push(token('sign', this.code.slice(start, this.position), start))
  }

  /** A piece of a template up to the next `${` or its end; we stand on the backtick or the brace before it. */
  private readTemplate(): void {
    const piece = this.readText('`')
    this.push(piece)
    if (this.code[this.position - 1] === '{') {
      this.templates.push(0)
      this.push(token('sign', '+', this.position), token('sign', '(', this.position))
    }
  }

  private readText(quote: string): Token {
    const { code } = this
    const start = this.position
    let text = ''
    let escaped = false
    let from = start + 1
    let i = from
    for (; i < code.length; i++) {
      const char = code[i]!
      if (char === quote) break
      if (quote === '`' ? char === '$' && code[i + 1] === '{' : char === '\n') break
      if (char !== '\\') continue
      const escape = readEscape(code, i)
      text += code.slice(from, i) + escape.text
      if (escape.coded) escaped = true
      from = escape.end
      i = escape.end - 1
    }
    text += code.slice(from, i)
    this.position = i + (code[i] === '$' && quote === '`' ? 2 : 1)
    return { kind: 'string', text, start, escaped }
  }

  private readName(): Token {
    const { code, position: start } = this
    while (this.position < code.length && isNamePart(code[this.position]!)) this.position++
    return token('name', code.slice(start, this.position), start)
  }

  private readNumber(): Token {
    const { code, position: start } = this
    while (this.position < code.length && /[\da-fx.]/i.test(code[this.position]!)) this.position++
    return token('number', code.slice(start, this.position), start)
  }

  private readRegex(): void {
    const { code, position: start } = this
    let inClass = false
    const limit = Math.min(code.length, start + longestRegex)
    for (let i = start + 1; i < limit; i++) {
      const char = code[i]!
      if (char === '\n') break
      if (char === '\\') i++
      else if (char === '[') inClass = true
      else if (char === ']') inClass = false
      else if (char === '/' && !inClass) {
        this.position = i + 1
        while (this.position < code.length && isNamePart(code[this.position]!)) this.position++
        this.push(token('regex', code.slice(start, this.position), start))
        return
      }
    }
    this.readSign('/')
  }

  private regexMayStart(): boolean {
    const { kind, text } = this.previous
    if (kind === 'sign') return text !== ')' && text !== ']' && text !== '}'
    return kind === 'end' || (kind === 'name' && /^(?:return|typeof|case|in|of|do|else|void|delete)$/.test(text))
  }

  private push(...tokens: Token[]): void {
    this.ahead.push(...tokens)
    this.previous = tokens.at(-1)!
  }

  private skipBlanks(): void {
    const { code } = this
    for (;;) {
      const char = code[this.position]
      if (char === ' ' || char === '\n' || char === '\t' || char === '\r') this.position++
      else if (char === '/' && code[this.position + 1] === '/') this.skipPast('\n')
      else if (char === '/' && code[this.position + 1] === '*') this.skipPast('*/')
      // old pages hide their scripts from older browsers
      else if (char === '<' && code.startsWith('<!--', this.position)) this.position += 4
      else return
    }
  }

  private skipPast(end: string): void {
    const found = this.code.indexOf(end, this.position + 2)
    this.position = found < 0 ? this.code.length : found + end.length
  }
}

const longestRegex = 1000

/** The escape that starts with the backslash at `at`. ECMA-262 §12.9.4 */
function readEscape(code: string, at: number): { text: string; end: number; coded: boolean } {
  const char = code[at + 1] ?? ''
  const coded = /^(?:x([\da-f]{2})|u([\da-f]{4})|u\{([\da-f]{1,6})\}|([0-3]?[0-7]{1,2}))/i.exec(
    code.slice(at + 1, at + 11),
  )
  if (coded) {
    const value =
      coded[4] === undefined ? Number.parseInt(coded[1] ?? coded[2] ?? coded[3]!, 16) : Number.parseInt(coded[4], 8)
    const end = at + 1 + coded[0].length
    return { text: value <= 0x10ffff ? String.fromCodePoint(value) : '', end, coded: true }
  }
  const plain = plainEscapes[char] ?? char
  // a Windows line end after a backslash is two characters
  const end = char === '\r' && code[at + 2] === '\n' ? at + 3 : at + 2
  return { text: plain, end, coded: false }
}

const plainEscapes: Record<string, string> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
  '\r': '',
}

function token(kind: Token['kind'], text: string, start: number): Token {
  return { kind, text, start, escaped: false }
}

function isNameStart(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z') || char === '_' || char === '$' || char >= '\x80'
}

function isNamePart(char: string): boolean {
  return isNameStart(char) || (char >= '0' && char <= '9')
}
