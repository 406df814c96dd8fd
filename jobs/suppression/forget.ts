import type { Kysely } from 'kysely'

import { removeAddress } from '../../db/forgetting.ts'
import { addressesToForget, awaitSteps, beginForgetting, endForgetting, whileAlone } from '../../db/suppressions.ts'
import type { DB } from '../../db/types.ts'

/**
 * Forgets a person: the address (in normal form) goes onto the list of suppressions, which keeps every later step from storing it, and
 * is removed from everywhere; in the end a salted hash is all that is left. Returns how many rows were about it. After a crash
 * `finishForgetting` does the rest.
 */
export async function forgetAddress(db: Kysely<DB>, address: string, reason: string): Promise<number> {
  await beginForgetting(db, address, reason)
  return (await whileAlone(db, address, 'wait', forget)) ?? 0
}

/** Goes on with what others have begun and left; a chore of the workers. */
export async function finishForgetting(db: Kysely<DB>): Promise<void> {
  for (const address of await addressesToForget(db, 20)) await whileAlone(db, address, 'leave', forget)
}

async function forget(db: Kysely<DB>, address: string): Promise<number> {
  // A step that looked at the list before may still bring it.
  await awaitSteps(db)
  const rows = await removeAddress(db, address)
  await endForgetting(db, address)
  return rows
}
