import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'

import { createTransport } from 'nodemailer'
import { describe, expect, test } from 'vitest'

import { startDeafHost } from './deaf-host.ts'
import { startMailHosts } from './mail-hosts.ts'
import { atMost, greylists, inOrder, onlyMailboxes, refusals, repliesFor } from './smtp-rules.ts'
import {
  cutAfter,
  drip,
  endlessLine,
  endlessReply,
  garbage,
  hangUp,
  inTurn,
  reset,
  silent,
  startScriptedSmtp,
} from './smtp-script.ts'
import type { SmtpHost } from './smtp-sessions.ts'
import { startSmtp } from './smtp.ts'

const hello = ['EHLO client.test', 'MAIL FROM:<probe@client.test>']

describe('a host that keeps to the protocol', () => {
  test('takes everybody where nothing is said, and no message', async () => {
    await using host = await startSmtp()
    expect(await talk(host, [...hello, 'RCPT TO:<x7f3@catch-all.test>', 'QUIT'])).toEqual(
      codes(220, 250, 250, 250, 221),
    )
    await expect(send(host, ['anna@shop.test'])).rejects.toThrow('554 5.3.2')
    expect([host.said('DATA'), host.said('RCPT'), host.asked('ANNA@shop.test'), host.asked()]).toEqual([1, 2, 1, 2])
  })

  test('decides by recipient, as the stock client reads it', async () => {
    await using host = await startSmtp({
      rcpt: inOrder(
        repliesFor({ 'full@shop.test': refusals.fullForGood, 'off@shop.test': refusals.disabled }),
        onlyMailboxes(['Anna@shop.test']),
      ),
    })
    await expect(send(host, ['anna@shop.test', 'bert@shop.test', 'full@shop.test', 'off@shop.test'])).rejects.toThrow(
      '554',
    )
    const { noSuchUser, fullForGood, disabled } = refusals
    expect(host.sessions[0]?.replies).toEqual(expect.arrayContaining([noSuchUser, fullForGood, disabled]))
    expect(host.sessions[0]?.replies.filter((line) => line.startsWith('550 5.1.1'))).toHaveLength(1)
  })

  test('greylists a pair so many times, or until it is told', async () => {
    let isOver = false
    const first = greylists({ times: 1 })
    const until = greylists({ until: () => isOver })
    await using host = await startSmtp({ rcpt: (to, session) => (to.startsWith('b') ? until : first)(to, session) })
    const ask = async (to: string) => (await talk(host, [...hello, `RCPT TO:<${to}>`, 'QUIT']))[3]
    expect(await ask('a@a.test')).toBe('451')
    expect(await ask('a@a.test')).toBe('250')
    expect(await ask('b@a.test')).toBe('451')
    expect(await ask('b@a.test')).toBe('451')
    isOver = true
    expect(await ask('b@a.test')).toBe('250')
  })

  test('takes so many recipients, and closes with 421 wherever it says it', async () => {
    await using crowded = await startSmtp({ rcpt: atMost(2) })
    const three = ['RCPT TO:<a@a.test>', 'RCPT TO:<b@a.test>', 'RCPT TO:<c@a.test>']
    expect((await talk(crowded, [...hello, ...three, 'QUIT'])).slice(3)).toEqual(codes(250, 250, 452, 221))
    await using busy = await startSmtp({ connect: () => refusals.busy })
    expect(await talk(busy, [])).toEqual(codes(421))
    await using tired = await startSmtp({ rcpt: repliesFor({ 'b@a.test': '421 4.7.0 Enough' }) })
    expect(await talk(tired, [...hello, ...three])).toEqual(codes(220, 250, 250, 250, 421))
    expect(tired.sessions[0]?.replies.at(-1)).toBe('421 4.7.0 Enough')
  })

  test('asks for TLS, and sees the commands under it', async () => {
    await using host = await startSmtp({ tls: 'required', rcpt: onlyMailboxes([]) })
    const clear = await talk(host, [...hello, 'QUIT'])
    expect(clear).toEqual(codes(220, 250, 530, 221))
    await expect(send(host, ['a@a.test'])).rejects.toThrow('5.1.1')
    expect(host.sessions[1]).toMatchObject({ tls: true, recipients: ['a@a.test'], sender: 'probe@client.test' })
  })

  test('keeps addresses as they were sent', async () => {
    const seen: string[] = []
    await using host = await startSmtp({ rcpt: (to) => (seen.push(to), undefined) })
    await talk(host, [...hello, 'RCPT TO:<Info@XN--BCHER-KVA.test>', 'QUIT'])
    expect([seen, host.sessions[0]?.recipients]).toEqual([['info@xn--bcher-kva.test'], ['Info@XN--BCHER-KVA.test']])
  })
})

describe('a host that does as it is told', () => {
  test('speaks politely where the script says nothing, one command after the other', async () => {
    await using host = await startScriptedSmtp({ script: {} })
    const socket = connect(host.port, host.host)
    socket.end([...hello, 'RCPT TO:<a@a.test>', 'XYZZY', 'QUIT', ''].join('\r\n'))
    expect(finalCodes(await textOf(socket))).toEqual(codes(220, 250, 250, 250, 500, 221))
    expect(host.sessions[0]?.commands).toEqual([...hello, 'RCPT TO:<a@a.test>', 'XYZZY', 'QUIT'])
    expect(host.sessions[0]).toMatchObject({
      helo: 'client.test',
      sender: 'probe@client.test',
      recipients: ['a@a.test'],
    })
  })

  test('replies by recipient, in several lines, and refuses a HELO', async () => {
    const lines = ['550-5.1.1 No such user', '550 5.1.1 at all']
    await using host = await startScriptedSmtp({
      script: { EHLO: refusals.noReverseName, RCPT: { by: (to) => (to === 'b@a.test' ? lines : undefined) } },
    })
    const said = await talk(host, [...hello, 'RCPT TO:<a@a.test>', 'RCPT TO:<B@a.test>', 'QUIT'])
    expect(said).toEqual(codes(220, 450, 250, 250, 550, 221))
    expect(host.sessions[0]?.replies).toEqual(expect.arrayContaining(lines))
  })

  test.each<[what: string, start: Parameters<typeof startScriptedSmtp>[0]['script'], gets: string]>([
    ['hangs up at once', { connect: hangUp }, ''],
    ['hangs up at RCPT', { RCPT: hangUp }, '220,250,250'],
    ['breaks off at MAIL', { MAIL: reset }, '220,250'],
    ['ends in the middle of a reply', { RCPT: cutAfter('250 2.1') }, '220,250,250,250'],
    ['drips', { connect: drip('220 slow', 1) }, '220,250,250,250,221'],
    ['changes its mind', { MAIL: inTurn('451 4.3.0 Later', '250 2.1.0 Ok') }, '220,250,451,250,221'],
  ])('%s', async (_what, script, gets) => {
    await using host = await startScriptedSmtp({ script })
    expect((await talk(host, [...hello, 'RCPT TO:<a@a.test>', 'QUIT'])).join()).toBe(gets)
    await expect.poll(() => host.open()).toBe(0)
    expect(host.sessions[0]?.closedAtMs).toBeGreaterThan(0)
  })

  test('never ends a reply or a line, without filling its memory, and stops when the client leaves', async () => {
    for (const move of [endlessReply(), endlessLine()]) {
      await using host = await startScriptedSmtp({ script: { connect: move } })
      const socket = connect(host.port, host.host)
      let bytes = 0
      socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
      await expect.poll(() => bytes).toBeGreaterThan(1 << 20)
      socket.destroy()
      await expect.poll(() => host.open()).toBe(0)
    }
  })

  test('says nothing, or nothing that is a reply', async () => {
    await using mute = await startScriptedSmtp({ script: { connect: silent } })
    const waiting = createTransport({ host: mute.host, port: mute.port, greetingTimeout: 30 })
    await expect(waiting.verify()).rejects.toThrow('Greeting never received')
    await expect.poll(() => mute.open()).toBe(0)
    await using noisy = await startScriptedSmtp({ script: { connect: garbage } })
    await expect(createTransport({ host: noisy.host, port: noisy.port }).verify()).rejects.toThrow('Invalid greeting')
  })
})

test('hosts at addresses of their own share a port, and count what is open at once', async () => {
  await using hosts = await startMailHosts({
    '127.0.0.2': (place) => startSmtp({ ...place, name: 'mx1.test' }),
    '127.0.0.3': (place) => startScriptedSmtp({ ...place, script: { RCPT: { by: onlyMailboxes(['a@a.test']) } } }),
    '127.0.0.5': (place) => startDeafHost(place),
  })
  const { '127.0.0.2': polite, '127.0.0.3': scripted, '127.0.0.5': deaf } = hosts.at
  await Promise.all([1, 2, 3].map(() => talk(polite, ['EHLO client.test', 'QUIT'])))
  const said = await talk(scripted, [...hello, 'RCPT TO:<a@a.test>', 'RCPT TO:<b@a.test>', 'QUIT'])
  expect(said).toEqual(codes(220, 250, 250, 250, 550, 221))
  expect(polite.sessions.map(({ concurrent }) => concurrent)).toEqual([1, 2, 3])
  expect([polite.maxConcurrent(), scripted.maxConcurrent()]).toEqual([3, 1])
  expect([polite.port, scripted.port, deaf.port]).toEqual([hosts.port, hosts.port, hosts.port])
  const [error] = (await once(connect(hosts.port, '127.0.0.4'), 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNREFUSED')
})

test('hosts whose port is taken at one of their addresses all move to another one', async () => {
  const first: SmtpHost[] = []
  const holders: Server[] = []
  await using hosts = await startMailHosts({
    async '127.0.0.2'(place) {
      first.push(await startSmtp(place))
      return first.at(-1)!
    },
    async '127.0.0.3'(place) {
      if (holders.length === 0) {
        holders.push(createServer().listen(place.port, place.host))
        await once(holders[0]!, 'listening')
      }
      return await startScriptedSmtp({ ...place, script: {} })
    },
  })
  holders[0]?.close()
  expect(first.map(({ port }) => port === hosts.port)).toEqual([false, true])
  const [error] = (await once(connect(first[0]!.port, '127.0.0.2'), 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNREFUSED')
})

test('a host may listen at ::1', async () => {
  await using host = await startSmtp({ host: '::1' })
  expect(await talk(host, ['EHLO client.test', 'QUIT'])).toEqual(codes(220, 250, 221))
  expect(host.sessions[0]?.helo).toBe('client.test')
})

/** The codes of the replies to the greeting and to each command; it ends where the host closes. */
async function talk(host: SmtpHost, commands: string[]): Promise<string[]> {
  const socket = connect(host.port, host.host)
  const left = [...commands]
  let text = ''
  let answered = 0
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    const replies = finalCodes(text.slice(0, text.lastIndexOf('\n') + 1)).length
    for (; answered < replies; answered += 1) {
      const command = left.shift()
      if (command !== undefined) socket.write(`${command}\r\n`)
    }
  })
  socket.on('error', () => socket.destroy()) // a reset is an end too
  await new Promise((resolve) => socket.once('close', resolve))
  return finalCodes(text)
}

/** The code of the last line of each reply. */
function finalCodes(text: string): string[] {
  return [...text.matchAll(/^(\d{3}) /gm)].map(([, code]) => code!)
}

function codes(...all: number[]): string[] {
  return all.map(String)
}

async function textOf(socket: ReturnType<typeof connect>): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

async function send(host: SmtpHost, to: string[]): Promise<unknown> {
  const transport = createTransport({ host: host.host, port: host.port, tls: { rejectUnauthorized: false } })
  return await transport.sendMail({ from: 'probe@client.test', to, subject: 'x', text: 'y' })
}
