import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { DataDirInUse, lockDataDir } from './embedded-lock.ts'

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'mailquarry-lock-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test('is held by one at a time, within a process too', async () => {
  const path = directory()
  const release = await lockDataDir(path)
  await expect(lockDataDir(path)).rejects.toThrow(DataDirInUse)
  await expect(lockDataDir(path)).rejects.toMatchObject({ directory: path, pid: process.pid, code: 'DATA_DIR_IN_USE' })
  release()
  const again = await lockDataDir(path)
  again()
})

test('goes with a process that is killed', async () => {
  const path = directory()
  const code = `const { lockDataDir } = await import(${JSON.stringify(join(import.meta.dirname, 'embedded-lock.ts'))})
    await lockDataDir(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  await expect(lockDataDir(path)).rejects.toMatchObject({ pid: holder.pid })
  holder.kill('SIGKILL')
  const release = await lockDataDir(path)
  release()
})
