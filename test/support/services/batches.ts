/** A list of addresses that a service works through while its client polls. */
export interface Batch {
  id: string
  createdAt: Date
  /** As sent: duplicates are in it. */
  addresses: string[]
  /** How often its state was asked for. */
  polls: number
}

export interface Batches {
  /** In the order in which they were made. */
  all: Batch[]
  /** A batch is done when its state is asked for the so-manieth time. */
  pollsUntilDone: number
  make(addresses: string[], id?: string): Batch
  /** Undefined where there is none. Asking for a state counts as a poll. */
  find(id: string): Batch | undefined
  isDone(batch: Batch): boolean
}

export function keepBatches(): Batches {
  const all: Batch[] = []
  const batches: Batches = {
    all,
    pollsUntilDone: 1,
    make(addresses, id = crypto.randomUUID()) {
      const batch = { id, createdAt: new Date(), addresses, polls: 0 }
      all.push(batch)
      return batch
    },
    find: (id) => all.find((batch) => batch.id === id),
    isDone: ({ polls }) => polls >= batches.pollsUntilDone,
  }
  return batches
}
