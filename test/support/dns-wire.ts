import type { DnsName } from './dns-zone.ts'

/** DNS in bytes, for servers that must answer tens of thousands of queries a second. Knows one question, and answers of MX and A alone. */

export interface WireQuestion {
  /** In lower case, without a dot at the end. */
  name: string
  type: number
  /** Where the question ends in the message. */
  end: number
}

export const wireTypes: Record<number, string> = { 1: 'A', 5: 'CNAME', 12: 'PTR', 15: 'MX', 16: 'TXT', 28: 'AAAA' }
const typeA = 1
const typeMx = 15
const headerBytes = 12

/** Undefined for what is no plain query. */
export function questionIn(message: Buffer): WireQuestion | undefined {
  // RFC 1035 §4.1.1: a query, of one question.
  if (message.length < headerBytes + 5 || message[2]! & 0x80 || message.readUInt16BE(4) !== 1) return undefined
  let at = headerBytes
  let name = ''
  for (let length = message[at]!; length > 0; length = message[at]!) {
    if (length > 63 || at + length + 5 >= message.length) return undefined
    name += `${name === '' ? '' : '.'}${message.toString('latin1', at + 1, at + 1 + length)}`
    at += 1 + length
  }
  return { name: name.toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 }
}

/** The whole reply to a query; `has` undefined: there is no such name. */
export function wireReply(message: Buffer, { type, end }: WireQuestion, has: DnsName | undefined): Buffer {
  const answers = has === undefined ? [] : dataOf(type, has)
  const size = answers.reduce((sum, data) => sum + 12 + data.length, end)
  const reply = Buffer.allocUnsafe(size)
  message.copy(reply, 0, 0, end)
  // A response, recursion available; NXDOMAIN is 3.
  reply[2] = 0x80 | (message[2]! & 0x01)
  reply[3] = 0x80 | (has === undefined ? 3 : 0)
  reply.writeUInt16BE(answers.length, 6)
  reply.writeUInt32BE(0, 8)
  let at = end
  for (const data of answers) {
    // A pointer to the name of the question (§4.1.4), type, class IN, 300 seconds, length.
    at = reply.writeUInt16BE(0xc0_0c, at)
    at = reply.writeUInt16BE(type, at)
    at = reply.writeUInt16BE(1, at)
    at = reply.writeUInt32BE(300, at)
    at = reply.writeUInt16BE(data.length, at)
    at += data.copy(reply, at)
  }
  return reply
}

function dataOf(type: number, { mx = [], a = [] }: DnsName): Buffer[] {
  if (type === typeA) return a.map((address) => Buffer.from(address.split('.').map(Number)))
  if (type !== typeMx) return []
  return mx.map(([preference, exchange]) => {
    const labels = exchange.split('.').filter((label) => label !== '')
    return Buffer.concat([
      Buffer.from([preference >> 8, preference & 0xff]),
      ...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
      Buffer.of(0),
    ])
  })
}
