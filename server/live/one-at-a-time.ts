/**
 * Runs `run` never twice at the same time: who calls while it runs gets the next run, together with all others who do. So what you
 * get has always begun after you asked.
 */
export function oneAtATime(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const call = (): Promise<void> => {
    if (running) {
      next ??= running
        .catch(() => {})
        .then(() => {
          next = undefined
          return call()
        })
      return next
    }
    running = run().finally(() => {
      running = undefined
    })
    return running
  }
  return call
}
