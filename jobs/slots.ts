/** The slots of a worker: each holds one running shard; a shard that waits lends its own. */
export interface Slots {
  free(): number
  /** Takes a free slot; the caller has seen that there is one. */
  take(): void
  release(): void
  /** Gives the slot away for the time that `wait` takes and takes one again, before others get one. */
  lendWhile(wait: Promise<void>): Promise<void>
}

/** `freed` is called when a slot has become free for a new shard. */
export function createSlots(total: number, freed: () => void): Slots {
  let held = 0
  const returning: (() => void)[] = []
  const release = () => {
    const next = returning.shift()
    if (next) return next()
    held--
    freed()
  }
  return {
    free: () => total - held,
    take() {
      held++
    },
    release,
    async lendWhile(wait) {
      release()
      await wait
      if (held < total) held++
      else await new Promise<void>((resolve) => returning.push(resolve))
    },
  }
}
