import type { Exchange, Operation } from '@urql/core'
import { filter, makeSubject, merge, pipe, tap } from 'wonka'

/**
 * Asks a query again that was under way when `forgettings` changed: its answer may name somebody who was forgotten. It stands below the
 * cache, which asks only for answers anew that it has, and not while they are asked for.
 */
export function askLateAnswersAgain(forgettings: () => number): Exchange {
  return ({ forward }) =>
    (operations) => {
      const again = makeSubject<Operation>()
      const askedAt = new WeakMap<Operation, number>()
      return pipe(
        merge([operations, again.source]),
        tap((operation) => askedAt.set(operation, forgettings())),
        forward,
        filter(({ operation }) => {
          if (operation.kind !== 'query' || askedAt.get(operation) === forgettings()) return true
          again.next(operation)
          return false
        }),
      )
    }
}
