import { Writable } from 'node:stream'

import { expect, test } from 'vitest'

import { parseConfig } from './config.ts'
import { createLog, readableLine } from './log.ts'

function logged(isTTY: boolean) {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { log: createLog('debug', Object.assign(stream, { isTTY })), lines }
}

test('writes a line of JSON where nobody looks', () => {
  const { log, lines } = logged(false)
  log.info({ jobId: 7, waitMs: 1500 }, 'rate limited')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0]!)).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    pid: process.pid,
    jobId: 7,
    waitMs: 1500,
    msg: 'rate limited',
  })
})

test('writes a readable line on a terminal, an error with its stack', () => {
  const { log, lines } = logged(true)
  log.warn({ domain: 'example.com', counts: { done: 3 } }, 'slow')
  expect(lines[0]!.slice(0, 9)).toMatch(/^\d\d:\d\d:\d\d $/)
  expect(lines[0]!.slice(9)).toBe('\u001B[33mWARN \u001B[39m slow domain=example.com counts={"done":3}\n')
  log.error({ err: new TypeError('no such thing') }, 'failed')
  expect(lines[1]).toMatch(/failed\n {4}TypeError: no such thing\n {8}at /)
})

test('leaves out what is below its level', () => {
  const { log, lines } = logged(false)
  log.trace('too much')
  expect(lines).toEqual([])
})

test.each([true, false])('shows no secret, on a terminal: %j', (isTTY) => {
  const { log, lines } = logged(isTTY)
  const config = parseConfig({ API_TOKEN: 'a-token-of-many-letters', DATABASE_URL: 'postgres://u:hush-hush@h/d' })
  log.info(config, 'started')
  log.info({ config }, 'started')
  log.info({ headers: { authorization: 'Bearer a-token-of-many-letters' }, password: 'hush-hush' }, 'asked')
  log.error(
    { err: new Error('cannot reach postgres://u:hush-hush@h/d, nor smtp://:hush-hush@mail') },
    'failed at https://me:hush-hush@x/',
  )
  expect(lines).toHaveLength(4)
  for (const line of lines) expect(line).not.toMatch(/hush-hush|a-token/)
  expect(lines[3]).toContain('postgres://u:[hidden]@h/d')
})

test('what a hostile page got into a message cannot drive the terminal', () => {
  const line = readableLine(
    JSON.stringify({ level: 'info', time: '2026-01-01T00:00:00Z', pid: 1, msg: 'title \u001B]0;x\u0007', url: 'a\rb' }),
  )
  expect(line.slice(line.indexOf('title'))).toBe('title \ufffd]0;x\ufffd url=a\ufffdb\n')
})
