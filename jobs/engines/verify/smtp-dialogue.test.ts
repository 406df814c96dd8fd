import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { SmtpDialogue } from './smtp-dialogue.ts'
import type { Dialogue } from './smtp-dialogue.ts'
import { replyLimits } from './smtp-reply.ts'

const given: Dialogue = {
  helo: 'probe.mailquarry.test',
  mailFrom: 'verify@mailquarry.test',
  recipients: ['info@acme.com'],
  control: 'q7w-nobody@acme.com',
  host: 'mx.acme.com',
  ip: '198.51.100.1',
  at: '2026-03-01T12:00:00.000Z',
}
const bytes = (text: string) => new TextEncoder().encode(text)

/** Feeds replies one by one; what was sent in answer to each. */
function talk(dialogue: SmtpDialogue, replies: string[]): string[] {
  return replies.map((reply) => dialogue.receive(bytes(`${reply}\r\n`)).trimEnd())
}

describe('the dialogue', () => {
  it('asks EHLO, MAIL, RCPT, the control address, QUIT', () => {
    const dialogue = new SmtpDialogue(given)
    const sent = talk(dialogue, [
      '220 mx',
      '250-mx\r\n250-SIZE 1000\r\n250 SMTPUTF8',
      '250 ok',
      '250 2.1.5 ok',
      '550 5.1.1 no',
    ])
    expect(sent).toEqual([
      'EHLO probe.mailquarry.test',
      'MAIL FROM:<verify@mailquarry.test>',
      'RCPT TO:<info@acme.com>',
      'RCPT TO:<q7w-nobody@acme.com>',
      'QUIT',
    ])
    expect(dialogue.probe(0)).toMatchObject({
      end: 'completed',
      replies: {
        rcpt: { code: 250, enhanced: '2.1.5', text: 'ok' },
        control: { code: 550, enhanced: '5.1.1', text: 'no' },
      },
    })
  })

  it('keeps what both sides said', () => {
    const dialogue = new SmtpDialogue(given)
    talk(dialogue, ['220 mx', '250 mx', '250 ok', '550 5.1.1 no'])
    expect(dialogue.probe(0)!.transcript.map(({ from, text }) => `${from}: ${text}`)).toEqual([
      'server: 220 mx',
      'client: EHLO probe.mailquarry.test',
      'server: 250 mx',
      'client: MAIL FROM:<verify@mailquarry.test>',
      'server: 250 ok',
      'client: RCPT TO:<info@acme.com>',
      'server: 550 5.1.1 no',
      'client: QUIT',
    ])
  })

  it.each<[what: string, recipients: string[], control: string | null, replies: string[], sent: string[]]>([
    ['says HELO where EHLO is unknown', ['a@acme.com'], null, ['220 x', '502 what', '250 x'], ['HELO', 'MAIL']],
    ['does not say HELO after a refusal', ['a@acme.com'], null, ['220 x', '550 5.7.1 blocked'], ['QUIT']],
    ['leaves after a refusing greeting', ['a@acme.com'], null, ['554 no service here'], ['QUIT']],
    ['leaves after a refused HELO', ['a@acme.com'], null, ['220 x', '500 what', '504 no'], ['HELO', 'QUIT']],
    ['leaves after a refused sender', ['a@acme.com'], null, ['220 x', '250 x', '550 no'], ['MAIL', 'QUIT']],
    [
      'asks no control address where nobody was accepted',
      ['a@acme.com', 'b@acme.com'],
      'c@acme.com',
      ['220 x', '250 x', '250 x', '550 5.1.1 no', '550 5.1.1 no'],
      ['MAIL', 'RCPT', 'RCPT', 'QUIT'],
    ],
    [
      'asks the control address once for all',
      ['a@acme.com', 'b@acme.com'],
      'c@acme.com',
      ['220 x', '250 x', '250 x', '250 yes', '250 yes', '550 5.1.1 no'],
      ['MAIL', 'RCPT', 'RCPT', 'RCPT', 'QUIT'],
    ],
    [
      'stops at the first reply that is about us',
      ['a@acme.com', 'b@acme.com'],
      'c@acme.com',
      ['220 x', '250 x', '250 x', '550 5.7.1 listed at zen.spamhaus.org'],
      ['MAIL', 'RCPT', 'QUIT'],
    ],
    [
      'stops where too many were asked about',
      ['a@acme.com', 'b@acme.com'],
      null,
      ['220 x', '250 x', '250 x', '250 ok', '452 4.5.3 too many recipients'],
      ['MAIL', 'RCPT', 'RCPT', 'QUIT'],
    ],
    [
      'leaves after 421 with whatever stands behind it',
      ['a@acme.com'],
      null,
      ['220 x', '250 x', '421 4.3.2 bye\r\n421 bye'],
      ['MAIL', 'QUIT'],
    ],
  ])('%s', (_what, recipients, control, replies, sent) => {
    const dialogue = new SmtpDialogue({ ...given, recipients, control })
    const verbs = talk(dialogue, replies).map((line) => line.slice(0, 4))
    expect(verbs.filter((verb) => verb !== 'EHLO')).toEqual(sent)
  })

  it('takes replies in pieces, with LF alone, and over several lines', () => {
    const dialogue = new SmtpDialogue(given)
    const all = '220 mx\n250-mx\r\n250-A\n250 B\r\n'
    const cut = [all.slice(0, 3), all.slice(3, 7), all.slice(7, 12), all.slice(12, 22), all.slice(22)]
    expect(cut.map((part) => dialogue.receive(bytes(part)).slice(0, 4))).toEqual(['', 'EHLO', '', '', 'MAIL'])
  })

  it('reads UTF-8 and Latin-1, and keeps no control characters', () => {
    const read = (greeting: Uint8Array) => {
      const dialogue = new SmtpDialogue(given)
      dialogue.receive(greeting)
      return dialogue.probe(0)!.replies.greeting!.text
    }
    expect(read(bytes('220 für “例”\r\n'))).toBe('für “例”')
    expect(read(Uint8Array.from([...bytes('220 f'), 0xfc, ...bytes('r\r\n')]))).toBe('für')
    expect(read(bytes('220 a\u0000b\u001bc\r\n'))).toBe('a b c')
  })

  it('leaves an enhanced code of another class in the text', () => {
    const dialogue = new SmtpDialogue(given)
    dialogue.receive(bytes('554-5.7.1 first\r\n554 4.7.1 second\r\n'))
    expect(dialogue.probe(0)!.replies.greeting).toEqual({ code: 554, enhanced: '5.7.1', text: 'first\n4.7.1 second' })
  })
})

describe('an address in other letters', () => {
  const recipients = ['dörte@acme.com', 'info@acme.com']
  it('is asked about where the server knows SMTPUTF8', () => {
    const dialogue = new SmtpDialogue({ ...given, recipients, control: null })
    expect(talk(dialogue, ['220 x', '250-x\r\n250 SMTPUTF8', '250 ok']).slice(1)).toEqual([
      'MAIL FROM:<verify@mailquarry.test> SMTPUTF8',
      'RCPT TO:<dörte@acme.com>',
    ])
  })

  it('is left out where it does not, and that is said', () => {
    const dialogue = new SmtpDialogue({ ...given, recipients, control: null })
    expect(talk(dialogue, ['220 x', '250 x', '250 ok', '250 ok']).slice(1)).toEqual([
      'MAIL FROM:<verify@mailquarry.test>',
      'RCPT TO:<info@acme.com>',
      'QUIT',
    ])
    expect(dialogue.probe(0)!.replies.rcpt).toBeUndefined()
    expect(dialogue.probe(0)!.transcript.at(-1)!.text).toContain('SMTPUTF8')
    expect(dialogue.probe(1)!.replies.rcpt!.code).toBe(250)
  })
})

describe('what one address is told', () => {
  const talked = () => {
    const dialogue = new SmtpDialogue({ ...given, recipients: ['a@acme.com', 'b@acme.com'] })
    talk(dialogue, ['220 x', '250 x', '250 x', '250 yes', '550 5.1.1 no', '550 5.1.1 no'])
    return dialogue
  }

  it('names no other address', () => {
    expect(JSON.stringify(talked().probe(0))).not.toContain('b@acme.com')
    expect(JSON.stringify(talked().probe(1))).not.toContain('a@acme.com')
  })

  it('is not changed with what another is told', () => {
    const dialogue = talked()
    const [first, second] = [dialogue.probe(0)!, dialogue.probe(1)!]
    const before = structuredClone(second)
    first.replies.mail!.code = 999
    first.replies.control!.text = 'changed'
    first.transcript[0]!.text = 'changed'
    expect(second).toEqual(before)
    expect(dialogue.probe(1)).toEqual(before)
  })

  it('is nothing where the talk ended because of what another was told', () => {
    const dialogue = new SmtpDialogue({ ...given, recipients: ['a@acme.com', 'b@acme.com'] })
    talk(dialogue, ['220 x', '250 x', '250 x', '550 5.7.1 blocked'])
    expect(dialogue.probe(0)!.replies.rcpt!.enhanced).toBe('5.7.1')
    expect(dialogue.probe(1)).toBeUndefined()
  })

  it('is the end where the connection was cut before', () => {
    const dialogue = new SmtpDialogue({ ...given, recipients: ['a@acme.com', 'b@acme.com'] })
    talk(dialogue, ['220 x', '250 x', '250 x', '550 5.1.1 no'])
    dialogue.hangUp('dropped')
    expect(dialogue.probe(0)).toMatchObject({ end: 'dropped', replies: { rcpt: { code: 550 } } })
    expect(dialogue.probe(1)).toMatchObject({ end: 'dropped', stage: 'rcpt' })
    expect(dialogue.probe(1)!.replies.rcpt).toBeUndefined()
  })

  it('ends as the talk ended, whatever the connection does after QUIT', () => {
    const dialogue = new SmtpDialogue({ ...given, control: null })
    talk(dialogue, ['220 x', '250 x', '250 x', '250 yes'])
    dialogue.hangUp('dropped')
    expect(dialogue.probe(0)!.end).toBe('completed')
  })
})

describe('a server that is none', () => {
  it.each<[what: string, sent: string]>([
    ['speaks HTTP', 'HTTP/1.1 400 Bad Request\r\n'],
    ['changes its code within a reply', '220-a\r\n250 b\r\n'],
    ['answers before it is asked', '220 a\r\n250 b\r\n'],
    ['sends a line without end', `220 ${'x'.repeat(replyLimits.lineOctets)}`],
    ['sends a line of any length', `220 ${'x'.repeat(replyLimits.lineOctets)}\r\n`],
    ['sends a reply without end', '220-x\r\n'.repeat(replyLimits.linesAReply + 1)],
    ['sends a code that does not exist', '199 x\r\n'],
    ['sends nothing but an empty line', '\r\n'],
  ])('%s is left without a word', (_what, sent) => {
    const dialogue = new SmtpDialogue(given)
    expect(dialogue.receive(bytes(sent))).toBe('')
    expect(dialogue).toMatchObject({ end: 'garbage', trouble: expect.any(String) })
  })

  it('is left when it has sent more than a talk can need, reply by reply', () => {
    const dialogue = new SmtpDialogue(given)
    const long = `250-${'x'.repeat(1_000)}\r\n`.repeat(40)
    expect(dialogue.receive(bytes(`${long}250 x\r\n`))).toMatch(/^EHLO/)
    expect(dialogue.receive(bytes(`${long}250 x\r\n`))).toBe('')
    expect(dialogue.end).toBe('garbage')
  })

  it('is not believed about the address that it gave two answers for', () => {
    const dialogue = new SmtpDialogue(given)
    talk(dialogue, ['220 x', '250 x', '250 x', '250 yes\r\n550 5.1.1 no'])
    expect(dialogue.probe(0)).toMatchObject({ end: 'garbage' })
    expect(dialogue.probe(0)!.replies.rcpt).toBeUndefined()
  })
})

it.each(['a\r\nDATA', 'a\nb', 'a\u0000b'])('refuses a name with a control character: %j', (text) => {
  expect(() => new SmtpDialogue({ ...given, helo: text })).toThrow(RangeError)
  expect(() => new SmtpDialogue({ ...given, mailFrom: text })).toThrow(RangeError)
  expect(() => new SmtpDialogue({ ...given, recipients: [text] })).toThrow(RangeError)
  expect(() => new SmtpDialogue({ ...given, control: text })).toThrow(RangeError)
})

describe('a law, whatever the server says:', () => {
  const line = fc.tuple(
    fc.constantFrom('220', '250', '251', '354', '421', '450', '452', '500', '502', '550', '554', '', 'x'),
    fc.constantFrom(' ', '-', ''),
    fc.constantFrom('ok', '5.1.1 no', '4.5.3 many', 'SMTPUTF8', '5.7.1 blocked', 'DATA', '\u0000', 'ü'),
    fc.constantFrom('\r\n', '\n', '', '\r\n250 ok\r\n'),
  )
  const chunk = fc.oneof(
    { weight: 9, arbitrary: line.map((parts) => bytes(parts.join(''))) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  )
  const names = ['a@acme.com', 'dörte@acme.com', '"DATA x"@acme.com']
  const all = (dialogue: SmtpDialogue, chunks: Uint8Array[]) => chunks.map((each) => dialogue.receive(each)).join('')

  it('only these commands are sent, each at most as often as there is something to ask, and never DATA', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 40 }), (chunks) => {
        const sent = all(new SmtpDialogue({ ...given, recipients: names }), chunks)
          .split('\r\n')
          .slice(0, -1)
        const shape = /^(?:EHLO(?: HELO)?(?: MAIL(?: RCPT){0,4})?)?(?: ?QUIT)?$/
        expect(sent.map((command) => command.slice(0, 4)).join(' ')).toMatch(shape)
      }),
      { numRuns: 2000 },
    )
  })

  it('ends after so many bytes', () => {
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 5 }), (chunks) => {
        const dialogue = new SmtpDialogue({ ...given, recipients: names })
        const octets = chunks.reduce((sum, { length }) => sum + length, 0)
        if (octets === 0) return
        for (let sent = 0; sent <= replyLimits.octetsASession; sent += octets) all(dialogue, chunks)
        expect(dialogue.end).toBeDefined()
      }),
      { numRuns: 50 },
    )
  })

  it('how the bytes are cut into pieces changes nothing', () => {
    // One reply at a time, as a server that waits for its turn sends them.
    const reply = fc
      .tuple(fc.constantFrom('250', '450', '550'), fc.constantFrom('ok', '5.1.1 ü'))
      .map((it) => it.join(' '))
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 8 }), fc.integer({ min: 1, max: 7 }), (replies, size) => {
        const whole = new SmtpDialogue(given)
        const cut = new SmtpDialogue(given)
        for (const text of replies) {
          const data = bytes(`${text}\r\n`)
          const once = whole.receive(data)
          const pieces: Uint8Array[] = []
          for (let from = 0; from < data.length; from += size) pieces.push(data.subarray(from, from + size))
          expect(all(cut, pieces)).toBe(once)
        }
        expect(cut.probe(0)).toEqual(whole.probe(0))
      }),
    )
  })
})
