import { fromCodes, joinList, type Text, type Value } from './javascript-values.ts'

/** Called with each text that a script holds or puts together, with names and values of each object, and with the arguments of each call. */
export interface ScriptListener {
  text(text: Text): void
  object(names: string[], values: string[], start: number): void
  /** True where the arguments need not be told one by one. */
  call(name: string, values: string[], start: number): boolean
}

const mostNames = 5000
/** A list of so many numbers may be the letters of an address. */
const fewestCodes = 6

/** What a script has put together: what its names hold, and what is told of it, within an allowance. */
export class ScriptTexts {
  private readonly listener: ScriptListener
  /** What names were last seen to hold, `a.b` included; without regard to scope. */
  private readonly names = new Map<string, Value>()
  private readonly kept = new WeakSet<Value>()
  /** What `document.write` was told, one call after the other: a page writes an address piece by piece. */
  private written: Text[] = []
  /** Letters that we may still put together or tell: a script could make us join one long list a million times. */
  private allowance: number

  constructor(listener: ScriptListener, allowance: number) {
    this.listener = listener
    this.allowance = allowance
  }

  named(path: string): Value | undefined {
    return this.names.get(path)
  }

  /** What a name holds is told when the name gets something else, since until then it may be a mere part: addy = addy + '.com'. */
  remember(path: string, value: Value | undefined): void {
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

  /** What a name holds is told later, as it may be a mere part. */
  tell(value: Value | undefined): void {
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

  write(values: (Value | undefined)[]): void {
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

  /** Nothing comes any more: tells what is left. */
  end(): void {
    for (const value of this.names.values()) this.tellKept(value)
    this.tellWritten()
  }

  /** Whether there is an allowance for work on the value. */
  affords(value: Value): boolean {
    return this.spend(sizeOf(value))
  }

  private spend(letters: number): boolean {
    this.allowance -= letters + 1
    return this.allowance > 0
  }
}

function sizeOf(value: Value): number {
  return value.kind === 'text' ? value.text.length : value.items.length * 10
}
