/** Lets so many in at a time; the others wait in the order in which they came. */
export interface Gate {
  through<T>(work: () => Promise<T>): Promise<T>
}

export function createGate(atOnce: number): Gate {
  let inside = 0
  const waiting: (() => void)[] = []
  return {
    async through(work) {
      if (inside >= atOnce) await new Promise<void>((enter) => waiting.push(enter))
      else inside++
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else inside--
      }
    },
  }
}

/** Lets so many in at a time for each key. Resolves with what is to be called on the way out; undefined where the signal trips before. */
export type KeyedGate = (key: number, signal: AbortSignal) => Promise<(() => void) | undefined>

export function createKeyedGate(atOnce: number): KeyedGate {
  const rooms = new Map<number, { inside: number; waiting: Set<() => void> }>()
  return async (key, signal) => {
    if (signal.aborted) return undefined
    const room = rooms.get(key) ?? { inside: 0, waiting: new Set() }
    rooms.set(key, room)
    const leave = () => {
      const [next] = room.waiting
      if (next) next()
      else if (--room.inside === 0) rooms.delete(key)
    }
    if (room.inside < atOnce) {
      room.inside++
      return leave
    }
    return new Promise((resolve) => {
      const settle = (way: (() => void) | undefined) => {
        room.waiting.delete(enter)
        signal.removeEventListener('abort', giveUp)
        resolve(way)
      }
      const enter = () => settle(leave)
      const giveUp = () => settle(undefined)
      room.waiting.add(enter)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }
}
