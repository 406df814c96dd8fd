/**
 * Joins the single loads of one turn of the event loop into one call, so that a field over many rows is one statement. Keeps
 * nothing: a subscription lives for days and must see fresh rows. `loadMany` answers in the order of its keys.
 */
export function batched<Key, Value>(loadMany: (keys: Key[]) => Promise<Value[]>): (key: Key) => Promise<Value> {
  let waiting: { key: Key; resolve: (value: Value) => void; reject: (error: unknown) => void }[] = []

  const load = async () => {
    const batch = waiting
    waiting = []
    try {
      const values = await loadMany(batch.map(({ key }) => key))
      batch.forEach(({ resolve }, i) => resolve(values[i]!))
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject })
      // Behind the promises of this turn: sibling fields ask from there.
      if (waiting.length === 1) void Promise.resolve().then(() => process.nextTick(() => void load()))
    })
}
