import type { SmtpEnd, SmtpProbe, SmtpReply, SmtpStage, TranscriptLine } from './evidence.ts'
import { readReply } from './read-reply.ts'
import { ReplyReader } from './smtp-reply.ts'
import type { Instant, Reason } from './terms.ts'

export interface Dialogue {
  /** Our own name; never one of the other side's. */
  helo: string
  /** Envelope sender; empty for the null sender. */
  mailFrom: string
  /** Addresses in normal form, all at one domain. */
  recipients: readonly string[]
  /** An address at that domain that nobody has; null where it is known what the domain does with such. */
  control: string | null
  /** The mail host that is asked, for the quirks of who runs it. */
  host: string
  ip: string | null
  at: Instant
}

/**
 * Asks one mail server about some addresses, without I/O: bytes in, bytes out. EHLO (HELO where that is unknown), MAIL, RCPT for each
 * address, RCPT for the control address where any was accepted, QUIT; never DATA. One question at a time, so that every reply belongs to
 * a known command. It stops asking at the first reply that is about us and not about a mailbox. The caller keeps the clock: one reply
 * may take as long as it allows, however the bytes trickle in.
 */
export class SmtpDialogue {
  /** What a reply is awaited for. */
  stage: SmtpStage = 'greeting'
  /** Undefined while it goes on; set as soon as QUIT is sent, since nothing that follows matters. */
  end: SmtpEnd | undefined
  /** Why it was called garbage, for people. */
  trouble: string | undefined

  readonly #given: Dialogue
  readonly #reader = new ReplyReader()
  readonly #replies: SmtpProbe['replies'] = {}
  readonly #asked: (SmtpReply | 'skipped' | undefined)[]
  readonly #transcript: (TranscriptLine & { about?: number })[] = []
  #next = 0
  #utf8 = false
  #silent = false

  constructor(given: Dialogue) {
    const { helo, mailFrom, recipients, control } = given
    for (const text of [helo, mailFrom, ...recipients, control ?? ''])
      // A line break in a name would be a command of its own.
      if (/\p{Cc}/u.test(text)) throw new RangeError(`control character in ${JSON.stringify(text)}`)
    this.#given = given
    this.#asked = recipients.map(() => undefined)
  }

  /** What the server sent; returns what to send it, empty for nothing yet. */
  receive(chunk: Uint8Array): string {
    if (this.end !== undefined) return ''
    const read = this.#reader.push(chunk)
    if (read.kind === 'incomplete') return ''
    if (read.kind === 'garbage') return this.#giveUp(read.why)
    const { reply, lines } = read
    for (const text of lines) this.#note('server', text, this.stage === 'rcpt' ? this.#next : undefined)
    // Which of two replies answers the one question cannot be told; a 421 in front of the end can come at any time (RFC 5321 §3.8).
    if (read.more && reply.code !== 421) return this.#giveUp('more replies came than questions were asked')
    this.#keep(reply)
    return this.#answer(reply)
  }

  /** The connection is gone, or time is up. */
  hangUp(how: Exclude<SmtpEnd, 'completed' | 'garbage'>): void {
    this.end ??= how
  }

  /** What was learnt of the recipient at `index`; undefined where it was not asked about because of what another one was told. */
  probe(index: number): SmtpProbe | undefined {
    const { at, host, ip, recipients } = this.#given
    const asked = this.#asked[index]
    if (asked === undefined && this.#silent) return undefined
    const { control, ...shared } = this.#replies
    const answered = asked !== undefined && asked !== 'skipped'
    return {
      at,
      host,
      ip,
      end: this.end ?? 'dropped',
      stage: this.stage,
      replies: {
        ...structuredClone(shared),
        ...(answered && { rcpt: { ...asked } }),
        ...(answered && control && { control: { ...control } }),
      },
      transcript: this.#transcript
        .filter(({ about }) => about === undefined || about === index)
        .map(({ from, text }) => ({ from, text }))
        .concat(
          asked === 'skipped' ? [{ from: 'client', text: `(not asked: ${recipients[index]!} needs SMTPUTF8)` }] : [],
        ),
    }
  }

  #keep(reply: SmtpReply): void {
    if (this.stage === 'rcpt') this.#asked[this.#next] = reply
    else this.#replies[this.stage] = reply
  }

  #answer(reply: SmtpReply): string {
    const good = reply.code < 400
    switch (this.stage) {
      case 'greeting':
        return good ? this.#send('ehlo', `EHLO ${this.#given.helo}`) : this.#quit()
      case 'ehlo':
        if (good) {
          this.#utf8 = /^SMTPUTF8\b/im.test(reply.text)
          return this.#mail()
        }
        // RFC 5321 §3.2: HELO where EHLO is not known; any other refusal is one.
        return [500, 501, 502, 504].includes(reply.code) ? this.#send('helo', `HELO ${this.#given.helo}`) : this.#quit()
      case 'helo':
        return good ? this.#mail() : this.#quit()
      case 'mail':
        return good ? this.#recipient() : this.#quit()
      case 'rcpt':
        this.#next++
        if (!good && aboutUs.has(readReply(reply, 'rcpt', this.#given.host).reason)) {
          this.#silent = true
          return this.#quit()
        }
        return this.#recipient()
      case 'control':
      case 'quit':
        return this.#quit()
    }
  }

  #mail(): string {
    const utf8 = this.#utf8 && this.#given.recipients.some(needsUtf8) ? ' SMTPUTF8' : ''
    return this.#send('mail', `MAIL FROM:<${this.#given.mailFrom}>${utf8}`)
  }

  #recipient(): string {
    const { recipients, control } = this.#given
    while (this.#next < recipients.length && needsUtf8(recipients[this.#next]!) && !this.#utf8)
      this.#asked[this.#next++] = 'skipped'
    if (this.#next < recipients.length) return this.#send('rcpt', `RCPT TO:<${recipients[this.#next]!}>`, this.#next)
    // Where nobody was accepted there is nothing to tell apart.
    const accepted = this.#asked.some((reply) => typeof reply === 'object' && reply.code < 400)
    return control !== null && accepted ? this.#send('control', `RCPT TO:<${control}>`) : this.#quit()
  }

  #quit(): string {
    this.end = 'completed'
    this.#note('client', 'QUIT')
    return 'QUIT\r\n'
  }

  #giveUp(why: string): string {
    this.end = 'garbage'
    this.trouble = why
    return ''
  }

  #send(stage: SmtpStage, line: string, about?: number): string {
    this.stage = stage
    this.#note('client', line, about)
    return `${line}\r\n`
  }

  #note(from: TranscriptLine['from'], text: string, about?: number): void {
    const line = { from, text: text.slice(0, 500) }
    this.#transcript.push(about === undefined ? line : { ...line, about })
  }
}

/** Replies to one recipient after which the next ones would only hear the same, or make matters worse. */
const aboutUs = new Set<Reason | 'accepted'>([
  'rate_limited',
  'blocked_by_policy',
  'sender_needs_rdns',
  'sender_needs_tls',
  'sender_needs_spf',
])

function needsUtf8(address: string): boolean {
  return /\P{ASCII}/u.test(address)
}
