/** How late this process is to notice what has come, as when it is busy with pages of other hosts. */
export interface Lag {
  /** Milliseconds: the most by which a timer was late since a moment of `performance.now()`, of about the last two seconds. */
  since(moment: number): number
  stop(): void
}

const everyMs = 20
const remembered = 100

export function watchLag(): Lag {
  const at = new Float64Array(remembered)
  const late = new Float64Array(remembered)
  let next = 0
  let due = performance.now() + everyMs
  const timer = setInterval(() => {
    const now = performance.now()
    at[next] = now
    late[next] = Math.max(0, now - due)
    next = (next + 1) % remembered
    due = now + everyMs
  }, everyMs).unref()
  return {
    since(moment) {
      let most = 0
      for (let i = 1; i <= remembered; i++) {
        const place = (next - i + remembered) % remembered
        if (at[place]! <= moment) break
        most = Math.max(most, late[place]!)
      }
      return most
    },
    stop: () => clearInterval(timer),
  }
}
