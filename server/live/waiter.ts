/** Somebody who waits for news, over and over, and can be told to stop at any time. */
export class Waiter {
  #wake: (() => void) | undefined
  #closed = false

  /**
   * Resolves at the next `wake`, or after `ms`; to false once closed. Look for news in the same turn in which you call it: what was
   * told before is not told again.
   */
  async wait(ms?: number): Promise<boolean> {
    if (this.#closed) return false
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
    await promise
    clearTimeout(timer)
    return !this.#closed
  }

  wake(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  close(): void {
    this.#closed = true
    this.wake()
  }
}

/** So many are woken in one turn of the event loop: between them, others have theirs. */
const wokenAtOnce = 250

/** Wakes all of them, however many, without keeping everything else waiting. */
export function wakeInTurns(waiters: ReadonlySet<Waiter>): () => void {
  let left: Iterator<Waiter> | undefined
  let again = false
  const wakeSome = () => {
    for (let i = 0; i < wokenAtOnce; i++) {
      const { done, value } = left!.next()
      if (done) {
        left = again ? waiters.values() : undefined
        again = false
        if (!left) return
      } else value.wake()
    }
    setImmediate(wakeSome)
  }
  return () => {
    if (left) again = true
    else {
      left = waiters.values()
      wakeSome()
    }
  }
}

/**
 * An iterator over what `run` yields that ends at once when it is told to, also while `run` waits for news: a bare generator takes a
 * `return()` only at its next yield, which for a quiet job is never.
 */
export function pulled<T>(run: (waiter: Waiter) => AsyncGenerator<T, void>): AsyncIterableIterator<T> {
  const waiter = new Waiter()
  const inner = run(waiter)
  return {
    next: () => inner.next(),
    return: () => {
      waiter.close()
      return inner.return()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
