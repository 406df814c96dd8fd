import { setTimeout as sleep } from 'node:timers/promises'

import type { Forgettings } from '../../schema/live-feed.ts'
import { Follower, type Take, wakeInTurns } from './follower.ts'
import { oneAtATime } from './one-at-a-time.ts'

const retryMs = 1_000

export interface ForgettingsFeed {
  /** Reads the number anew, however long the database is away, and tells of it where it has changed. */
  read(): Promise<void>
  follow(): Follower<Forgettings>
  /** Ends all subscriptions. */
  close(): void
}

/**
 * How often somebody has been forgotten, for all who show what is stored: several forgettings that nobody was told of in time are
 * told of once. `onChange` is called before any of them hears of it.
 */
export function createForgettingsFeed(deps: {
  count: () => Promise<number>
  onChange: () => void
  warn: (error: unknown) => void
}): ForgettingsFeed {
  const { count, onChange, warn } = deps
  const followers = new Set<ForgettingsFollower>()
  const wakeAll = wakeInTurns(followers)
  let latest: Forgettings | undefined
  let closed = false

  const untilRead = async (): Promise<number | undefined> => {
    while (!closed) {
      try {
        return await count()
      } catch (error) {
        if (closed) break
        warn(error)
        await sleep(retryMs, undefined, { ref: false })
      }
    }
    return undefined
  }
  const read = oneAtATime(async () => {
    const forgotten = await untilRead()
    if (forgotten === undefined || forgotten === latest?.forgotten) return
    latest = { forgotten }
    onChange()
    wakeAll()
  })

  return {
    read,
    follow: () =>
      new ForgettingsFollower({
        async enter(follower) {
          followers.add(follower)
          // Another process may have told this subscriber of more than has been heard of here.
          await read()
        },
        latest: () => latest,
        leave: (follower) => void followers.delete(follower),
      }),
    close() {
      closed = true
      for (const follower of followers) follower.close()
    },
  }
}

interface Followed {
  enter(follower: ForgettingsFollower): Promise<void>
  latest(): Forgettings | undefined
  leave(follower: ForgettingsFollower): void
}

class ForgettingsFollower extends Follower<Forgettings> {
  readonly #followed: Followed
  #entered = false
  #told: Forgettings | undefined

  constructor(followed: Followed) {
    super()
    this.#followed = followed
  }

  protected advance(): Take<Forgettings> {
    if (!this.#entered) {
      this.#entered = true
      return this.#followed.enter(this)
    }
    const latest = this.#followed.latest()
    if (latest === this.#told) return undefined
    this.#told = latest
    return latest
  }

  protected leave(): void {
    this.#followed.leave(this)
  }
}
