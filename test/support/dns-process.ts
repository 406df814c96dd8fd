// A DNS server in a process of its own, so that what it costs is not charged to what is measured. UDP alone, in bytes: it has to be faster than who asks.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

import { listZone } from './address-list.ts'
import type { DnsProcessPlan, DnsProcessReport } from './dns-apart.ts'
import { questionIn, wireReply, wireTypes } from './dns-wire.ts'

const { domains, hosts, mailHosts, answersAfterMs = 0 } = JSON.parse(process.argv[2]!) as DnsProcessPlan
const zone = listZone(domains, hosts, mailHosts)
let counts = new Map<string, number>()
/** The last message in which each was asked: a resolver that has waited too long sends the same one once more. */
let ids = new Map<string, number>()
let queries = 0

const udp = createSocket({
  type: 'udp4',
  recvBufferSize: 4 << 20,
  lookup: (address, _options, found) => found(null, address, 4),
})
udp.on('message', (message, from) => {
  const question = questionIn(message)
  if (!question) return
  const key = `${wireTypes[question.type] ?? question.type} ${question.name}`
  const id = message.readUInt16BE(0)
  if (ids.get(key) !== id) counts.set(key, (counts.get(key) ?? 0) + 1)
  ids.set(key, id)
  queries++
  const answer = () => udp.send(wireReply(message, question, zone(question.name)), from.port, from.address)
  if (answersAfterMs > 0) setTimeout(answer, answersAfterMs)
  else answer()
})
const listening = once(udp, 'listening')
udp.bind(0, '127.0.0.1')
await listening

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  const byType: Record<string, number> = {}
  for (const key of counts.keys()) {
    const type = key.slice(0, key.indexOf(' '))
    byType[type] = (byType[type] ?? 0) + 1
  }
  const report: DnsProcessReport = {
    queries,
    names: counts.size,
    byType,
    askedAgain: [...counts].filter(([, times]) => times > 1),
    cpuMs: (user + system) / 1000,
  }
  counts = new Map()
  ids = new Map()
  queries = 0
  process.send!(report)
})
process.on('disconnect', () => process.exit())
process.send!(`127.0.0.1:${udp.address().port}`)
