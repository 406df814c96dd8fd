import type { Forgetting } from '../../schema/live-feed.ts'
import { Follower, type Take } from './follower.ts'

const forgetting: Forgetting = { forgotten: true }

/** Tells all who show what is stored that somebody was forgotten. Several that nobody was told of in time are told of once. */
export class Forgettings {
  readonly #followers = new Set<ForgettingFollower>()

  tell(): void {
    for (const follower of this.#followers) follower.tell()
  }

  follow(): Follower<Forgetting> {
    return new ForgettingFollower(this.#followers)
  }

  /** Ends all subscriptions. */
  close(): void {
    for (const follower of this.#followers) follower.close()
  }
}

class ForgettingFollower extends Follower<Forgetting> {
  readonly #all: Set<ForgettingFollower>
  #untold = false

  constructor(all: Set<ForgettingFollower>) {
    super()
    this.#all = all
  }

  tell(): void {
    this.#untold = true
    this.wake()
  }

  protected advance(): Take<Forgetting> {
    this.#all.add(this)
    if (!this.#untold) return undefined
    this.#untold = false
    return forgetting
  }

  protected leave(): void {
    this.#all.delete(this)
  }
}
