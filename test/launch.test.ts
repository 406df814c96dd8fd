import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { expect, onTestFinished, test } from 'vitest'

import { freePortPair } from './support/program.ts'

test('npm start stops all that it started when npm alone is told to', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'mailquarry-launch-'))
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }))
  const port = await freePortPair()
  const npm = spawn('npm', ['start'], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...process.env, DATA_DIR: dataDir, PORT: String(port), LOG_LEVEL: 'info', WORKERS: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  onTestFinished(() => {
    if (isThere(-npm.pid!)) process.kill(-npm.pid!, 'SIGKILL')
  })
  const lines: string[] = []
  const ended = Promise.withResolvers<void>()
  const ready = Promise.withResolvers<void>()
  createInterface({ input: npm.stderr })
    .on('line', (line) => {
      lines.push(line)
      if (line.includes('Mailquarry is ready')) ready.resolve()
    })
    // Once nobody holds it any more.
    .on('close', () => ended.resolve())
  await Promise.race([ready.promise, once(npm, 'exit').then(() => Promise.reject(new Error(lines.join('\n'))))])
  npm.kill('SIGTERM')
  await ended.promise
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow('fetch failed')
})

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
