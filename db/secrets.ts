import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'

import { type Kysely, sql, type Transaction } from 'kysely'

import type { DB } from './types.ts'

/** Shows nothing of itself when it is printed. */
export type SecretKey = KeyObject

/** A stored secret that this key does not open: it was stored under another one, or changed since. */
export class SecretUnreadable extends Error {
  override name = 'SecretUnreadable'
}

/** The key that a text (`SECRET_KEY`, or what the key file holds) stands for. The text has to be hard to guess: nothing here slows guessing down. */
export function secretKeyOf(text: string): SecretKey {
  return createSecretKey(Buffer.from(hkdfSync('sha256', text, '', 'mailquarry secrets', 32)))
}

/** Stores a secret of a job, encrypted. It goes when the job is deleted. */
export async function putSecret(
  trx: Transaction<DB>,
  key: SecretKey,
  { jobId, name, value }: { jobId: number; name: string; value: string },
): Promise<void> {
  await sql`
    insert into job_secrets (job_id, name, sealed) values (${jobId}, ${name}, ${seal(key, purposeOf(jobId, name), value)})
    on conflict (job_id, name) do update set sealed = excluded.sealed`.execute(trx)
}

/** Undefined where the job has no secret of that name. Throws SecretUnreadable. */
export async function readSecret(
  db: Kysely<DB>,
  key: SecretKey,
  jobId: number,
  name: string,
): Promise<string | undefined> {
  return (await readSecrets(db, key, jobId))[name]
}

/** All secrets of a job by name. Throws SecretUnreadable. */
export async function readSecrets(db: Kysely<DB>, key: SecretKey, jobId: number): Promise<Record<string, string>> {
  const { rows } = await sql<{ name: string; sealed: Buffer }>`
    select name, sealed from job_secrets where job_id = ${jobId} order by name`.execute(db)
  return Object.fromEntries(rows.map(({ name, sealed }) => [name, unseal(key, purposeOf(jobId, name), sealed)]))
}

/** Names of the secrets of a job; needs no key. */
export async function secretNames(db: Kysely<DB>, jobId: number): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from job_secrets where job_id = ${jobId} order by name`.execute(db)
  return rows.map(({ name }) => name)
}

/** A secret that is copied to another row opens nothing there. */
function purposeOf(jobId: number, name: string): string {
  return `job ${jobId} ${name}`
}

const cipher = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** Nonce, tag, ciphertext. A random nonce of 96 bits is safe for 2^32 secrets under one key (NIST SP 800-38D §8.3). */
function seal(key: SecretKey, purpose: string, value: string): Buffer {
  const nonce = randomBytes(nonceBytes)
  const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(purpose))
  const sealed = Buffer.concat([sealing.update(value, 'utf8'), sealing.final()])
  return Buffer.concat([nonce, sealing.getAuthTag(), sealed])
}

function unseal(key: SecretKey, purpose: string, sealed: Buffer): string {
  try {
    const opening = createDecipheriv(cipher, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(Buffer.from(purpose))
      .setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
    return opening.update(sealed.subarray(nonceBytes + tagBytes), undefined, 'utf8') + opening.final('utf8')
  } catch (error) {
    throw new SecretUnreadable(`The secret of ${purpose} cannot be decrypted with the present SECRET_KEY.`, {
      cause: error,
    })
  }
}
