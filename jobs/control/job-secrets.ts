import { readSecrets, SecretUnreadable, secretNames } from '../../db/secrets.ts'
import type { Engine } from '../engine.ts'
import { type AnyJobKind, JobFailure } from '../job-kind.ts'
import { NotConfigured } from '../refusals.ts'
import { markedFields } from './marked-fields.ts'

/** A parsed input without its secrets, which are stored apart from it. */
export function takeSecrets(
  kind: AnyJobKind,
  given: Record<string, unknown>,
): { input: Record<string, unknown>; secrets: Record<string, string> } {
  const input = { ...given }
  const secrets: Record<string, string> = {}
  for (const name of markedFields(kind, 'secret')) {
    if (typeof input[name] === 'string') secrets[name] = input[name]
    delete input[name]
  }
  return { input, secrets }
}

/** The secrets that a job was started with. Refuses with NotConfigured where they cannot be read any more. */
export async function secretsOfJob(engine: Engine, jobId: number): Promise<Record<string, string>> {
  const names = await secretNames(engine.db, jobId)
  if (names.length === 0) return {}
  if (!engine.secretKey) throw lacksKey(names)
  try {
    return await readSecrets(engine.db, engine.secretKey, jobId)
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error
    const message = `The ${names.join(', ')} of job ${jobId} was stored under another SECRET_KEY and cannot be read: start a new job with it.`
    throw new NotConfigured(message, ['SECRET_KEY'])
  }
}

export function lacksKey(names: string[]): NotConfigured {
  const message = `SECRET_KEY is not set, so ${names.join(', ')} cannot be stored: set it on every API and worker, or leave ${names.join(', ')} out.`
  return new NotConfigured(message, ['SECRET_KEY'])
}

/** For running kinds: a secret of a job, or undefined where it was started without. A job whose secret cannot be read cannot go on. */
export async function secretFor(engine: Engine, jobId: number, name: string): Promise<string | undefined> {
  try {
    return (await secretsOfJob(engine, jobId))[name]
  } catch (error) {
    if (error instanceof NotConfigured) throw new JobFailure('SECRET_UNREADABLE', error.message)
    throw error
  }
}
