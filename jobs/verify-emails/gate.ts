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
