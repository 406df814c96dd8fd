import { type Forgotten, removeAddress } from '../../db/forgetting.ts'
import { addressesToForget, awaitSteps, beginForgetting, endForgetting } from '../../db/suppressions.ts'
import { whileAlone } from '../../db/while-alone.ts'
import type { Engine } from '../engine.ts'
import { notifyForgotten } from '../notices.ts'
import { forgetInResultFiles } from '../result-file/keep.ts'

type Stores = Pick<Engine, 'db' | 'blobs' | 'copyOut'>

/**
 * Forgets a person: the address (in normal form) goes onto the list of suppressions, which keeps every later step from storing it, and
 * is removed from everywhere; in the end a salted hash is all that is left. After a crash
 * `finishForgetting` does the rest.
 */
export async function forgetAddress(stores: Stores, address: string, reason: string): Promise<Forgotten> {
  await beginForgetting(stores.db, address, reason)
  const forgotten = await whileAlone(stores.db, lockOf(address), 'wait', (db) => forget({ ...stores, db }, address))
  return forgotten ?? { rows: 0, texts: 0 }
}

/** Goes on with what others have begun and left; a chore of the workers. */
export async function finishForgetting(stores: Stores): Promise<void> {
  for (const address of await addressesToForget(stores.db, 20))
    await whileAlone(stores.db, lockOf(address), 'leave', (db) => forget({ ...stores, db }, address))
}

async function forget(stores: Stores, address: string): Promise<Forgotten> {
  const { db } = stores
  // A step that looked at the list before may still bring it.
  await awaitSteps(db)
  const forgotten = await removeAddress(db, address)
  await forgetInResultFiles(stores, address)
  await db.transaction().execute(async (trx) => {
    await endForgetting(trx, address)
    await notifyForgotten(trx)
  })
  return forgotten
}

function lockOf(address: string): string {
  return `forgetting ${address}`
}
