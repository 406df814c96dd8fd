import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { boundedLog } from './embedded-log.ts'

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'mailquarry-log-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test('keeps the present file and the one before it, both bounded', () => {
  const path = directory()
  const log = boundedLog(join(path, 'server.log'), 1000)
  for (let i = 0; i < 1000; i++) log.write(Buffer.from(`line ${i}\n`))
  expect(readdirSync(path).sort()).toEqual(['server.log', 'server.log.1'])
  for (const file of readdirSync(path)) expect(statSync(join(path, file)).size).toBeLessThanOrEqual(1010)
  expect(readFileSync(join(path, 'server.log'), 'utf8')).toMatch(/line 999\n$/)
})

test('goes on with a file that is there', () => {
  const path = directory()
  writeFileSync(join(path, 'server.log'), 'x'.repeat(1000))
  const log = boundedLog(join(path, 'server.log'), 1000)
  log.write(Buffer.from('new\n'))
  expect(readFileSync(join(path, 'server.log'), 'utf8')).toBe('new\n')
})

test('goes on where it cannot write, and keeps the last lines', () => {
  const log = boundedLog(join(directory(), 'missing', 'server.log'), 1000)
  for (let i = 0; i < 1000; i++) log.write(Buffer.from(`line ${i}\n`))
  expect(log.tail()).toMatch(/line 998\nline 999$/)
  expect(log.tail().length).toBeLessThanOrEqual(4000)
})
