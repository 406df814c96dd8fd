import { ref, watch } from 'vue'
import type { Ref } from 'vue'

/** JSON from local storage, or undefined: none there, not ours, or storage is closed to us. */
export function readStored(key: string): unknown {
  try {
    const text = localStorage.getItem(key)
    return text === null ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Stores as JSON; undefined removes. A full or closed storage is no fault of the page: then nothing is remembered. */
export function writeStored(key: string, value: unknown): void {
  try {
    if (value === undefined) localStorage.removeItem(key)
    else localStorage.setItem(key, JSON.stringify(value))
  } catch {
    // Private windows and full storage.
  }
}

/** Under which anything is stored; none where storage is closed to us. */
export function storedKeys(): string[] {
  try {
    return Object.keys(localStorage)
  } catch {
    return []
  }
}

/** An object found in storage, or an empty one: for reading what may be anything. */
export function asRecord(found: unknown): Record<string, unknown> {
  return typeof found === 'object' && found !== null ? { ...found } : {}
}

/** A ref that is kept in local storage; `parse` judges what is found there, and `kept` says what of it is kept. */
export function useStored<T>(
  key: string,
  parse: (found: unknown) => T,
  kept: (value: T) => unknown = (value) => value,
): Ref<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- ref unwraps refs inside; what comes from JSON holds none
  const value = ref(parse(readStored(key))) as Ref<T>
  watch(value, (next) => writeStored(key, kept(next)), { deep: true })
  return value
}
