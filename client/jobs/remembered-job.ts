import type { Ref } from 'vue'

import { readStored, useStored } from '../ui/stored.ts'

/** The id of the job that this device remembers under a key: the one that was started or watched last. */
export function useRememberedJob(persistKey: string): Ref<string | undefined> {
  return useStored(storageKey(persistKey), parseId)
}

/** The same at this moment, outside of any component. */
export function rememberedJob(persistKey: string): string | undefined {
  return parseId(readStored(storageKey(persistKey)))
}

function storageKey(persistKey: string): string {
  return `mailquarry.${persistKey}.job`
}

function parseId(found: unknown): string | undefined {
  return typeof found === 'string' ? found : undefined
}
