// npm run bench -- live [--turns 3] [--subscribers 1000,10000] [--events 15]: what it costs to tell many of one event, against stock
// graphql-ws; how long after its commit an event is with its subscribers; how soon a job starts and stops.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { type Control, measureControl } from './control.ts'
import { measureTurn, type Turn } from './fan-out.ts'
import { installPeer, openLiveStage } from './live-stage.ts'
import { heavySubscription, openOurs, openPeer } from './sides.ts'

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '3' },
    subscribers: { type: 'string', default: '1000,10000' },
    events: { type: 'string', default: '15' },
  },
})
const turns = Number(values.turns)
const events = Number(values.events)
const sizes = values.subscribers.split(',').map(Number)
const stalled = 200

await installPeer()
const stage = await openLiveStage()
const summary: Record<string, unknown> = {}
let peakRssMb = 0
const missed: string[] = []
const goal = (what: string, holds: boolean) => void (holds || missed.push(what))
try {
  let headline: { ours: number; peer: number; kb: number } | undefined
  for (const subscribers of sizes) {
    const everyMs = subscribers > 2_000 ? 1_500 : 700
    const ours: Turn[] = []
    const peers: Turn[] = []
    const bare: Turn[] = []
    for (let turn = 1; turn <= turns; turn++) {
      const mine = await measureTurn(await openOurs(stage), { subscribers, events, everyMs })
      ours.push(tell(`ours  ${subscribers} turn ${turn}`, mine))
      await sleep(1_000)
      const peer = await measureTurn(await openPeer('graphql-ws', mine.samples), {
        subscribers,
        events,
        everyMs: subscribers > 2_000 ? 3_000 : 700,
      })
      peers.push(tell(`peer  ${subscribers} turn ${turn}`, peer))
      await sleep(1_000)
      const sockets = await measureTurn(await openPeer('bare', mine.samples), { subscribers, events, everyMs })
      bare.push(tell(`bare  ${subscribers} turn ${turn}`, sockets))
      await sleep(1_000)
    }
    peakRssMb = Math.max(peakRssMb, ...ours.map((turn) => turn.peakRssMb))
    const us = middle(ours, 'usPerMessage')
    const peerUs = middle(peers, 'usPerMessage')
    const kb = middle(ours, 'kbPerSubscriber')
    const p99 = middle(ours, 'p99Ms')
    const goalMs = subscribers > 2_000 ? 250 : 100
    const others = (figure: Figure) =>
      `graphql-ws ${middle(peers, figure).toFixed(1)}   bare sockets ${middle(bare, figure).toFixed(1)}`
    console.log(`
${subscribers} subscribers, medians of ${turns} turns
  server CPU, µs a subscriber and message    ours ${us.toFixed(1)} (goal 20)   graphql-ws ${peerUs.toFixed(1)}   ratio ${(peerUs / us).toFixed(1)} (goal 4)
  the network's share of it                  sockets that get ready bytes, and no GraphQL: ${middle(bare, 'usPerMessage').toFixed(1)}
  the same for an event with its snapshots   ours ${middle(ours, 'usPerEvent').toFixed(1)}   graphql-ws ${middle(peers, 'usPerEvent').toFixed(1)}
  memory, kB a subscriber (largest of these) ours ${kb.toFixed(1)} (goal 15)   ${others('kbPerSubscriber')}
  RSS, from a few to all of them             ours ${middle(ours, 'rssKb').toFixed(1)}   ${others('rssKb')}
  RSS, the second half of them               ours ${middle(ours, 'rssKbOfSecondHalf').toFixed(1)}   ${others('rssKbOfSecondHalf')}
  heap and buffers                           ours ${middle(ours, 'heapKb').toFixed(1)}   ${others('heapKb')}
  heap and buffers after all events          ours ${middle(ours, 'heapKbAfterEvents').toFixed(1)}   ${others('heapKbAfterEvents')}
  commit in a worker to frame in a client    p50 ${middle(ours, 'p50Ms').toFixed(0)} ms   p99 ${p99.toFixed(0)} ms (goal ${goalMs})
  publish in the server to frame in a client graphql-ws p50 ${middle(peers, 'p50Ms').toFixed(0)} ms   p99 ${middle(peers, 'p99Ms').toFixed(0)} ms
`)
    goal(`${subscribers} subscribers: 20 µs a message`, us <= 20)
    goal(`${subscribers} subscribers: 15 kB each`, kb <= 15)
    goal(`${subscribers} subscribers: a quarter of the CPU of graphql-ws`, peerUs / us >= 4)
    goal(`${subscribers} subscribers: p99 under ${goalMs} ms`, p99 < goalMs)
    goal(
      `${subscribers} subscribers: no event lost`,
      ours.every(({ lost }) => lost === 0),
    )
    headline = { ours: us, peer: peerUs, kb }
    Object.assign(summary, {
      [`usPerSubscriber${subscribers}`]: round(us),
      [`kbPerSubscriber${subscribers}`]: round(kb),
      [`rssKb${subscribers}`]: round(middle(ours, 'rssKb')),
      [`rssKbOfSecondHalf${subscribers}`]: round(middle(ours, 'rssKbOfSecondHalf')),
      [`heapKb${subscribers}`]: round(middle(ours, 'heapKb')),
      [`heapKbAfterEvents${subscribers}`]: round(middle(ours, 'heapKbAfterEvents')),
      [`p50Ms${subscribers}`]: round(middle(ours, 'p50Ms')),
      [`p99Ms${subscribers}`]: round(p99),
      [`ratio${subscribers}`]: round(peerUs / us),
      [`bareUsPerSubscriber${subscribers}`]: round(middle(bare, 'usPerMessage')),
    })
  }

  const lively = { subscribers: sizes[0]!, events, everyMs: 700 }
  const heavy = await heavySubscription(stage)
  const without: Turn[] = []
  const beside: Turn[] = []
  for (let turn = 1; turn <= turns; turn++) {
    without.push(tell(`no stalled sockets turn ${turn}`, await measureTurn(await openOurs(stage), lively)))
    const held = await measureTurn(await openOurs(stage), { ...lively, stalled: { sockets: stalled, heavy } })
    beside.push(tell(`${stalled} stalled sockets turn ${turn}`, held))
  }
  console.log(`
${stalled} sockets that read nothing beside ${sizes[0]} that do: p99 ${middle(beside, 'p99Ms').toFixed(0)} ms, without them ${middle(without, 'p99Ms').toFixed(0)} ms; dropped: ${beside.map((turn) => turn.dropped).join(', ')}
`)

  const control: Control = await measureControl(stage, 20)
  console.log(`start to first event in a client           p50 ${control.startToEventMs.toFixed(0)} ms (goal 100)
start to a worker's first event in a client p50 ${control.startToWorkerMs.toFixed(0)} ms
pause to handler stopped, told to a client p95 ${control.pauseMs.toFixed(0)} ms (goal 500)
cancel to handler stopped, told to a client p95 ${control.cancelMs.toFixed(0)} ms (goal 500)
`)
  goal(
    `stalled sockets: all dropped`,
    beside.every(({ dropped }) => dropped === stalled),
  )
  goal('start to first event: p50 under 100 ms', control.startToEventMs < 100)
  goal('pause and cancel: p95 under 500 ms', Math.max(control.pauseMs, control.cancelMs) < 500)
  const { ours, peer, kb } = headline!
  console.log(
    JSON.stringify({
      bench: 'live',
      ours: round(ours),
      peer: round(peer),
      unit: 'µs of server CPU a subscriber and message',
      ratio: round(peer / ours),
      peakRssMb: Math.round(peakRssMb),
      usPerSubscriber: round(ours),
      kbPerSubscriber: round(kb),
      ...summary,
      p99MsBesideStalled: round(middle(beside, 'p99Ms')),
      p99MsWithoutStalled: round(middle(without, 'p99Ms')),
      startToEventP50Ms: round(control.startToEventMs),
      startToWorkerP50Ms: round(control.startToWorkerMs),
      pauseP95Ms: round(control.pauseMs),
      cancelP95Ms: round(control.cancelMs),
    }),
  )
  for (const what of missed) console.error(`missed  ${what}`)
  if (missed.length > 0) process.exitCode = 1
} finally {
  await stage.close()
}

function tell(what: string, turn: Turn): Turn {
  const { usPerMessage, kbPerSubscriber, rssKb, rssKbOfSecondHalf, heapKb, p50Ms, p99Ms, messages, lost } = turn
  const memory = `RSS ${rssKb.toFixed(1)}, of the second half ${rssKbOfSecondHalf.toFixed(1)}, heap ${heapKb.toFixed(1)}`
  console.log(
    `${what}: ${usPerMessage.toFixed(1)} µs a message, ${kbPerSubscriber.toFixed(1)} kB (${memory}), p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms, ${messages} messages, ${lost} events lost`,
  )
  return turn
}

type Figure = { [K in keyof Turn]: Turn[K] extends number ? K : never }[keyof Turn]

function middle(of: Turn[], figure: Figure): number {
  return of.map((turn) => turn[figure]).toSorted((a, b) => a - b)[Math.floor(of.length / 2)]!
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
