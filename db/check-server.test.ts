import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { inspect } from 'node:util'

import { expect, onTestFinished, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { checkServer, DatabaseUnusable, isTooOld } from './check-server.ts'

const { url, pool } = await testDatabase()

test('a server that can be used is told by its version', async () => {
  expect(await checkServer(url)).toMatch(/^18\.4/)
})

test.each([
  { what: 'that nobody listens at', change: { port: '1' }, says: '127.0.0.1:1 does not take connections' },
  { what: 'with a host that does not exist', change: { hostname: 'db.invalid' }, says: 'cannot be resolved' },
  { what: 'with a wrong password', change: { password: 'guessed' }, says: 'does not let the user mailquarry in' },
  { what: 'with an unknown user', change: { username: 'stranger' }, says: 'does not let the user stranger in' },
  { what: 'with a missing database', change: { pathname: '/missing' }, says: 'createdb --encoding=UTF8 missing' },
  {
    what: 'that must speak TLS and does not',
    change: { search: '?sslmode=verify-full' },
    says: 'does not support SSL',
  },
])('a server $what is refused with what to do, and no password', async ({ change, says }) => {
  const changed = new URL(url)
  Object.assign(changed, change)
  await expectRefusal(changed.href, changed.password, says)
})

test.each([
  'mysql://u:hush-hush@127.0.0.1/db',
  'u:hush-hush@127.0.0.1',
  'postgres://u:hush-hush@127.0.0.1:99999/db',
  '',
])('%j is refused for not being the URL of a database', async (text) => {
  await expectRefusal(text, 'hush-hush', 'DATABASE_URL is not the URL of a database')
})

test('a database with another encoding is refused', async () => {
  await pool.query(`create database test_latin encoding 'LATIN1' locale 'C' locale_provider libc template template0`)
  onTestFinished(async () => void (await pool.query(`drop database test_latin with (force)`)))
  const latin = new URL(url)
  latin.pathname = '/test_latin'
  expect((await refusal(latin.href)).message).toContain('encoding LATIN1')
})

test('a role that may create nothing is refused, unless everything is there already', async () => {
  await pool.query(`create role check_server_reader login password 'reader-secret'`)
  await pool.query(`create database test_bare`)
  onTestFinished(async () => {
    await pool.query(`drop database test_bare with (force)`)
    await pool.query(`drop role check_server_reader`)
  })
  const bare = new URL(url)
  bare.pathname = '/test_bare'
  bare.username = 'check_server_reader'
  bare.password = 'reader-secret'
  expect((await refusal(bare.href)).message).toContain('grant create on schema public to "check_server_reader"')
  bare.pathname = new URL(url).pathname
  expect(await checkServer(bare.href)).toMatch(/^18/)
})

test('a server that is too old is refused with its version', async () => {
  const port = await serverOfVersion('14.23 (Debian 14.23-1.pgdg120+1)')
  const error = await refusal(`postgres://u:hush-hush@127.0.0.1:${port}/db`)
  expect(error.message).toContain('is PostgreSQL 14.23 (Debian 14.23-1.pgdg120+1); at least 15 is needed')
})

test('something that never answers is refused when the time is up', async () => {
  const port = await listen(() => {})
  expect((await refusal(`postgres://u:hush-hush@127.0.0.1:${port}/db`, 50)).message).toContain(
    'cannot be reached: timeout',
  )
})

test.each([
  ['9.6.24', true],
  ['14.23 (Debian 14.23-1.pgdg120+1)', true],
  ['', true],
  ['15beta2', false],
  ['15.18 (Debian 15.18-0+deb12u1)', false],
  ['18.4', false],
  ['100.1', false],
])('version %j too old: %j', (version, tooOld) => {
  expect(isTooOld(version)).toBe(tooOld)
})

async function refusal(text: string, timeoutMs?: number): Promise<DatabaseUnusable> {
  const error = await checkServer(text, { timeoutMs }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(DatabaseUnusable)
  return error as DatabaseUnusable
}

async function expectRefusal(text: string, password: string, says: string): Promise<void> {
  const error = await refusal(text)
  expect(error.message).toContain(says)
  expect(password).not.toBe('')
  expect(inspect(error, { showHidden: true, depth: 5 })).not.toContain(password)
}

/** Lets everybody in and answers every query with one row of one column. https://www.postgresql.org/docs/current/protocol-message-formats.html */
async function serverOfVersion(version: string): Promise<number> {
  const readyForQuery = message('Z', Buffer.from('I'))
  const answer = Buffer.concat([
    message('T', int16(1), text('version'), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)),
    message('D', int16(1), int32(Buffer.byteLength(version)), Buffer.from(version)),
    message('C', text('SELECT 1')),
    readyForQuery,
  ])
  return listen((socket) => {
    socket.once('data', () => {
      socket.write(Buffer.concat([message('R', int32(0)), readyForQuery]))
      socket.on('data', (bytes) => {
        if (bytes[0] === 'Q'.charCodeAt(0)) socket.write(answer)
        else socket.end()
      })
    })
  })
}

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

const message = (type: string, ...body: Buffer[]) => {
  const content = Buffer.concat(body)
  return Buffer.concat([Buffer.from(type), int32(content.length + 4), content])
}
const text = (value: string) => Buffer.from(`${value}\0`)
const int16 = (value: number) => {
  const buffer = Buffer.alloc(2)
  buffer.writeInt16BE(value)
  return buffer
}
const int32 = (value: number) => {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}
