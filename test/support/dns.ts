import { createSocket } from 'node:dgram'
import type { Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

import { RECURSION_AVAILABLE, RECURSION_DESIRED, TRUNCATED_RESPONSE } from 'dns-packet'
import { decode, encode } from 'dns-packet'
import type { Answer as DnsRecord, DecodedPacket } from 'dns-packet'

import { lookUp } from './dns-zone.ts'
import type { DnsName, DnsTrouble, DnsType } from './dns-zone.ts'

export interface DnsQuery {
  /** Milliseconds by `performance.now()`. */
  atMs: number
  /** In lower case, without a dot at the end. */
  name: string
  type: string
  /** Of the message. A resolver that has waited too long for an answer sends the same message once more. */
  id: number
  transport: 'udp' | 'tcp'
}

export interface DnsOptions {
  /** By name in lower case, without a dot at the end. */
  zone?: Record<string, DnsName>
  /** Asked for names that `zone` does not have: a zone of any size that takes no room. */
  otherwise?: (name: string) => DnsName | undefined
  host?: string
  /** False where millions of queries come: `queries` stays empty, and counts go on. */
  log?: boolean
}

export interface Dns {
  /** As `Resolver.setServers` takes it: `127.0.0.1:5353`. */
  server: string
  host: string
  port: number
  /** Names may be set and removed at any time; the next query sees them. */
  zone: Map<string, DnsName>
  /** In the order in which they came; a repeated or a second query over TCP counts as one more. */
  queries: DnsQuery[]
  /** Queries of a name and a type, of a name, or all. */
  count(name?: string, type?: DnsType): number
  /** How often each was asked for, by `MX name`. */
  counts(): ReadonlyMap<string, number>
  /** From now on counts and `queries` begin anew. */
  forgetQueries(): void
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A real DNS server on loopback for one test, UDP and TCP on one port. It answers as a recursive resolver that asked everybody. */
export async function startDns(options: DnsOptions = {}): Promise<Dns> {
  const { otherwise = () => undefined, host = '127.0.0.1', log = true } = options
  const zone = new Map(Object.entries(options.zone ?? {}))
  const queries: DnsQuery[] = []
  const counts = new Map<string, number>()
  const troubled = new WeakMap<DnsTrouble, number>()
  const waiting = new Set<NodeJS.Timeout>()
  const connections = new Set<Socket>()

  const { udp, tcp, port } = await bindBoth(host)
  udp.on('message', (message, from) => {
    answer(message, 'udp', (reply) => udp.send(reply, from.port, from.address))
  })
  tcp.on('connection', (socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
    socket.on('error', () => socket.destroy()) // the client is gone
    readFrames(socket, (message) => {
      answer(message, 'tcp', (reply) => socket.writable && socket.write(Buffer.concat([uint16(reply.length), reply])))
    })
  })

  function answer(message: Buffer, transport: 'udp' | 'tcp', send: (reply: Buffer) => unknown): void {
    const query = queryIn(message)
    const question = query?.questions?.[0]
    if (!query || !question) return
    const name = question.name.toLowerCase()
    record({ name, type: question.type, id: query.id ?? 0, transport })
    const has = zone.get(name) ?? otherwise(name)
    const trouble = has?.trouble && meets(has.trouble, question.type) ? has.trouble.what : undefined
    if (trouble === 'silent') return
    const reply = () => {
      if (trouble === 'garbage') return Buffer.from('this is no DNS message')
      if (trouble === 'servfail') return replyTo(query, 'SERVFAIL', [])
      if (trouble === 'refused') return replyTo(query, 'REFUSED', [])
      const { rcode, answers } = lookUp(question.name, question.type, (at) => zone.get(at) ?? otherwise(at))
      const whole = replyTo(query, rcode, answers)
      const fits = transport === 'tcp' || (trouble !== 'truncated' && whole.length <= largestUdp(query))
      return fits ? whole : replyTo(query, rcode, [], TRUNCATED_RESPONSE)
    }
    if (has?.delayMs === undefined) send(reply())
    else later(has.delayMs, () => send(reply()))
  }

  function record(query: Omit<DnsQuery, 'atMs'>) {
    const key = `${query.type} ${query.name}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
    if (log) queries.push({ atMs: performance.now(), ...query })
  }

  function meets(trouble: DnsTrouble, type: string): boolean {
    if (trouble.types && !(trouble.types as string[]).includes(type)) return false
    const met = (troubled.get(trouble) ?? 0) + 1
    troubled.set(trouble, met)
    return met <= (trouble.times ?? Infinity)
  }

  function later(delayMs: number, act: () => void) {
    const timer = setTimeout(() => {
      waiting.delete(timer)
      act()
    }, delayMs)
    waiting.add(timer)
  }

  async function close() {
    for (const timer of waiting) clearTimeout(timer)
    const closed = Promise.all([once(udp, 'close'), once(tcp, 'close')])
    udp.close()
    tcp.close()
    for (const socket of connections) socket.destroy()
    await closed
  }

  return {
    server: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    host,
    port,
    zone,
    queries,
    count(name, type) {
      if (name !== undefined && type !== undefined) return counts.get(`${type} ${name}`) ?? 0
      let sum = 0
      for (const [key, times] of counts) if (name === undefined || key.endsWith(` ${name}`)) sum += times
      return sum
    },
    counts: () => counts,
    forgetQueries() {
      counts.clear()
      queries.length = 0
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The port that the system gives for UDP may be taken for TCP: then with another one. */
async function bindBoth(host: string, tries = 20): Promise<{ udp: UdpSocket; tcp: Server; port: number }> {
  const udp = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 << 20 })
  udp.bind(0, host)
  await once(udp, 'listening')
  const { port } = udp.address()
  const tcp = createServer()
  try {
    tcp.listen(port, host)
    await once(tcp, 'listening')
    return { udp, tcp, port }
  } catch (error) {
    udp.close()
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries <= 1) throw error
    return await bindBoth(host, tries - 1)
  }
}

/** Each message over TCP has its length in two bytes before it (RFC 1035 §4.2.2). */
function readFrames(socket: Socket, take: (message: Buffer) => void): void {
  let held = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const end = 2 + held.readUInt16BE(0)
      take(held.subarray(2, end))
      held = held.subarray(end)
    }
  })
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

/** Undefined for what is no query: a server that hears noise says nothing. */
function queryIn(message: Buffer): DecodedPacket | undefined {
  try {
    const packet = decode(message)
    return packet.type === 'query' ? packet : undefined
  } catch {
    return undefined
  }
}

type Rcode = 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED'
/** RFC 1035 §4.1.1 */
const rcodes: Record<Rcode, number> = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 }

function replyTo(query: DecodedPacket, rcode: Rcode, answers: DnsRecord[], flags = 0): Buffer {
  const asked = query.questions ?? []
  const isNegative = answers.length === 0 && (rcode === 'NOERROR' || rcode === 'NXDOMAIN') && flags === 0
  return encode({
    type: 'response',
    id: query.id ?? 0,
    // The code has no field of its own in what is encoded: it is the low four bits of the flags.
    flags: ((query.flags ?? 0) & RECURSION_DESIRED) | RECURSION_AVAILABLE | flags | rcodes[rcode],
    questions: asked,
    answers,
    authorities: isNegative ? [startOfAuthority(asked[0]?.name ?? '.')] : [],
    additionals: hasEdns(query)
      ? [{ type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] } as never]
      : [],
  })
}

/** RFC 2308: with it a resolver knows for how long there is nothing. */
function startOfAuthority(name: string): DnsRecord {
  const data = {
    mname: 'ns.invalid',
    rname: 'hostmaster.invalid',
    serial: 1,
    refresh: 3600,
    retry: 600,
    expire: 86_400,
    minimum: 300,
  }
  return { name: name.split('.').slice(-2).join('.'), type: 'SOA', ttl: 300, data }
}

function hasEdns(query: DecodedPacket): boolean {
  return (query.additionals ?? []).some(({ type }) => type === 'OPT')
}

/** 512 bytes, or what the client says that it takes (RFC 6891 §6.2.3). */
function largestUdp(query: DecodedPacket): number {
  for (const extra of query.additionals ?? []) {
    if (extra.type === 'OPT') return Math.max(512, extra.udpPayloadSize)
  }
  return 512
}
