/** Nothing comes any more. */
export const over = Symbol('over')

/** What a follower has for its subscriber: an item; a read that is to be awaited before it is asked again; nothing for now; or the end. */
export type Take<T> = T | Promise<unknown> | undefined | typeof over

/**
 * What one subscriber follows. It holds no more than a cursor, and is asked for the next item when there is room for it: it answers at
 * once where others have had the same, so that telling many of one event costs no promise each. It is an iterator too.
 */
export abstract class Follower<T extends object> implements AsyncIterableIterator<T, undefined> {
  #closed = false
  #listener: (() => void) | undefined

  /** The next of its items; called again only when what it promised has been read. */
  protected abstract advance(): Take<T>
  /** Called once, when nobody takes from it any more. */
  protected abstract leave(): void

  get closed(): boolean {
    return this.#closed
  }

  take(): Take<T> {
    if (this.#closed) return over
    const next = this.advance()
    if (next === over) this.close()
    return next
  }

  /** The one who takes is called whenever there may be something new, and at the end. */
  onNews(listener: (() => void) | undefined): void {
    this.#listener = listener
  }

  wake(): void {
    this.#listener?.()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.leave()
    this.wake()
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const item = this.take()
      if (item === over) return { done: true, value: undefined }
      if (item === undefined) await new Promise<void>((resolve) => this.onNews(resolve))
      else if (item instanceof Promise) await item
      else return { done: false, value: item }
    }
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.close()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** So many items are handed on together at most. */
const itemsAtOnce = 16

/**
 * Hands on all that a follower has, in the very turn in which it has it; resolves at the end. `sink` returns a promise where there is
 * no room for more before it resolves.
 */
export function forward<T extends object>(
  follower: Follower<T>,
  sink: (items: T[]) => Promise<void> | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    /** Until there is room, what is read is there, or the call is over that it is in. */
    let busy = false
    /** There may be more to take. */
    let news = false
    const goOn = () => {
      busy = false
      pump()
    }
    const fail = (error: unknown) => {
      follower.close()
      reject(error)
    }
    const pump = () => {
      news = true
      if (busy) return
      busy = true
      try {
        while (news) {
          news = false
          const { items, next, failed } = gather(follower)
          if (next !== undefined) news = true
          const room = items.length > 0 ? sink(items) : undefined
          if (failed) throw failed.error
          if (next === over) return resolve()
          if (room || next instanceof Promise)
            return void Promise.all([room, next instanceof Promise ? next : undefined]).then(goOn, fail)
        }
        busy = false
      } catch (error) {
        fail(error)
      }
    }
    follower.onNews(pump)
    pump()
  })
}

/** The next items, and what comes behind them. An error does not undo what was taken before it. */
function gather<T extends object>(follower: Follower<T>): { items: T[]; next?: Take<T>; failed?: { error: unknown } } {
  const items: T[] = []
  try {
    let next = follower.take()
    while (isItem(next) && items.push(next) < itemsAtOnce) next = follower.take()
    return { items, next }
  } catch (error) {
    return { items, failed: { error } }
  }
}

function isItem<T extends object>(next: Take<T>): next is T {
  return typeof next === 'object' && !(next instanceof Promise)
}

/** So many are woken in one turn of the event loop: between them, others have theirs. */
const wokenAtOnce = 250

/**
 * Wakes all of them, however many, without keeping everything else waiting. Where there is news before all are awake, it goes on from there, all the way
 * round: nobody waits for those who are woken a second time.
 */
export function wakeInTurns(followers: ReadonlySet<Pick<Follower<object>, 'wake'>>): () => void {
  let round: Iterator<Pick<Follower<object>, 'wake'>> | undefined
  let woken = 0
  /** The round ends with that one. */
  let most = Infinity
  /** So many from the first on have not had the last news. */
  let again = 0
  const begin = (upTo: number) => {
    round = upTo > 0 ? followers.values() : undefined
    woken = 0
    most = upTo
    again = 0
  }
  const wakeSome = () => {
    try {
      for (let i = 0; round && i < wokenAtOnce; i++) {
        const next = woken < most ? round.next() : undefined
        if (next && !next.done) {
          woken++
          next.value.wake()
        } else begin(again)
      }
    } finally {
      // One that fails keeps none of the others asleep.
      if (round) setImmediate(wakeSome)
    }
  }
  return () => {
    if (round) {
      again = woken
      most = Infinity
    } else {
      begin(Infinity)
      wakeSome()
    }
  }
}
