import type { SmtpReply } from './evidence.ts'

/** What a server may send at most; beyond it, it is no mail server or wants to keep us. RFC 5321 §4.5.3.1.5 has 512 octets a line. */
export const replyLimits = { lineOctets: 2_048, linesAReply: 64, octetsASession: 65_536, textLength: 1_000 } as const

export type ReadReply =
  /** `more`: whether the server sent anything behind it, which nobody asked for. */
  | { kind: 'reply'; reply: SmtpReply; lines: string[]; more: boolean }
  | { kind: 'incomplete' }
  | { kind: 'garbage'; why: string }

/** Bytes of a server in, whole replies out (RFC 5321 §4.2). Keeps at most one unfinished line and the lines of one reply. */
export class ReplyReader {
  #rest = ''
  #lines: string[] = []
  #octets = 0

  push(chunk: Uint8Array): ReadReply {
    this.#octets += chunk.length
    if (this.#octets > replyLimits.octetsASession) return garbage('too much was sent')
    // One character a byte, so that limits count octets and no sequence is cut at the end of a chunk.
    this.#rest += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')
    for (;;) {
      const end = this.#rest.indexOf('\n')
      if (end > replyLimits.lineOctets || (end < 0 && this.#rest.length > replyLimits.lineOctets))
        return garbage('a line is too long')
      if (end < 0) return { kind: 'incomplete' }
      const line = readable(this.#rest.slice(0, this.#rest[end - 1] === '\r' ? end - 1 : end))
      this.#rest = this.#rest.slice(end + 1)
      // Lines of one reply all have its code; "250 " or a bare "250" is the last one.
      const [, code, mark] = /^([2-5]\d\d)(?:([ -])|$)/.exec(line) ?? []
      if (code === undefined) return garbage(`a line is no reply: ${line.slice(0, 80)}`)
      if (this.#lines.length > 0 && !this.#lines[0]!.startsWith(code)) return garbage('one reply has two codes')
      this.#lines.push(line)
      if (this.#lines.length > replyLimits.linesAReply) return garbage('a reply has too many lines')
      if (mark !== '-') {
        const lines = this.#lines
        this.#lines = []
        return { kind: 'reply', reply: replyOf(Number(code), lines), lines, more: this.#rest !== '' }
      }
    }
  }
}

function garbage(why: string): ReadReply {
  return { kind: 'garbage', why }
}

function replyOf(code: number, lines: string[]): SmtpReply {
  let enhanced: string | null = null
  const texts = lines.map((line) => {
    const text = line.slice(4)
    // RFC 2034 §4; a code of another class than the reply's contradicts it, and is left as text.
    const found = /^\s*([245]\.\d{1,3}\.\d{1,3})(?=\s|$)/.exec(text)
    if (found === null || Number(found[1]![0]) !== Math.floor(code / 100)) return text.trim()
    enhanced ??= found[1]!
    return text.slice(found[0].length).trim()
  })
  return { code, enhanced, text: texts.join('\n').slice(0, replyLimits.textLength) }
}

/** UTF-8 where it is that (RFC 6531), else Latin-1; control characters, which no database and no reader wants, as a space. */
function readable(line: string): string {
  let text = line
  if (/[\x80-\xff]/.test(line)) {
    const utf8 = Buffer.from(line, 'latin1').toString()
    if (!utf8.includes('\ufffd')) text = utf8
  }
  return text.replace(/\p{Cc}/gu, ' ')
}
