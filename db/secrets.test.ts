import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { addJob } from '../test/support/rows.ts'
import { secretKeyFile } from './secret-key-file.ts'
import { putSecret, readSecret, readSecrets, secretKeyOf, secretNames, SecretUnreadable } from './secrets.ts'

const { db } = await testDatabase()
const key = secretKeyOf('one')

const put = (jobId: number, name: string, value: string) =>
  db.transaction().execute((trx) => putSecret(trx, key, { jobId, name, value }))
const sealedOf = async (jobId: number) =>
  (await sql<{ sealed: Buffer }>`select sealed from job_secrets where job_id = ${jobId}`.execute(db)).rows[0]!.sealed

test('a secret comes back as it was given, and the database does not show it', async () => {
  const jobId = await addJob(db)
  for (const value of ['sk_live_123', '', 'ключ 🔑', 'x'.repeat(100_000)]) {
    await put(jobId, 'apiKey', value)
    expect(await readSecret(db, key, jobId, 'apiKey')).toBe(value)
    if (value !== '') expect((await sealedOf(jobId)).includes(value)).toBe(false)
  }
  expect(await readSecret(db, key, jobId, 'other')).toBeUndefined()
  expect(await secretNames(db, jobId)).toEqual(['apiKey'])
})

test('the same secret is never stored the same twice', async () => {
  const [one, two] = [await addJob(db), await addJob(db)]
  await put(one, 'apiKey', 'same')
  await put(two, 'apiKey', 'same')
  const [first, second] = [await sealedOf(one), await sealedOf(two)]
  expect(first.equals(second)).toBe(false)
  await put(one, 'apiKey', 'same')
  expect((await sealedOf(one)).equals(first)).toBe(false)
})

test('another key, another job, another name and a changed byte open nothing', async () => {
  const [one, two] = [await addJob(db), await addJob(db)]
  await put(one, 'apiKey', 'hush')
  await expect(readSecret(db, secretKeyOf('two'), one, 'apiKey')).rejects.toThrow(SecretUnreadable)
  await sql`insert into job_secrets select ${two}, name, sealed from job_secrets where job_id = ${one}`.execute(db)
  await expect(readSecret(db, key, two, 'apiKey')).rejects.toThrow(SecretUnreadable)
  await sql`update job_secrets set name = 'password' where job_id = ${one}`.execute(db)
  await expect(readSecrets(db, key, one)).rejects.toThrow(SecretUnreadable)
  await sql`update job_secrets set name = 'apiKey' where job_id = ${one}`.execute(db)
  const { length } = await sealedOf(one)
  for (const at of [0, 13, length - 1]) {
    const flip = sql`update job_secrets set sealed = set_byte(sealed, ${at}, get_byte(sealed, ${at}) # 1) where job_id = ${one}`
    await flip.execute(db)
    await expect(readSecret(db, key, one, 'apiKey')).rejects.toThrow(SecretUnreadable)
    await flip.execute(db)
  }
  await sql`update job_secrets set sealed = 'short' where job_id = ${one}`.execute(db)
  await expect(readSecret(db, key, one, 'apiKey')).rejects.toThrow(SecretUnreadable)
})

test('a printed key shows nothing', () => {
  expect(inspect(key, { depth: 9, showHidden: true })).not.toMatch(/[0-9a-f]{16}/)
  expect(JSON.stringify(key)).toBe('{}')
})

test('the key file is made once, for its owner alone, and a damaged one is named', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'secret-key-'))
  onTestFinished(() => rm(dataDir, { recursive: true }))
  const file = join(dataDir, 'secret.key')
  const text = await secretKeyFile(dataDir)
  expect(text).toMatch(/^[0-9a-f]{64}$/)
  expect(await secretKeyFile(dataDir)).toBe(text)
  expect(await readFile(file, 'utf8')).toBe(`${text}\n`)
  if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readdir(dataDir)).toEqual(['secret.key'])
  await chmod(file, 0o600)
  await writeFile(file, '')
  await expect(secretKeyFile(dataDir)).rejects.toThrow(`${file} does not hold the key`)
})
