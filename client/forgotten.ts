import { useClientHandle } from '@urql/vue'
import { onScopeDispose } from 'vue'

import { graphql } from './graphql.ts'

const Forgotten = graphql(`
  subscription Forgotten {
    forgotten
  }
`)

/** Answers that hold one of these may name a person. */
const naming = [
  'Job',
  'JobConnection',
  'AddressConnection',
  'AddressFacets',
  'VerificationStats',
  'SuppressionConnection',
]

/** With it, what is known from earlier answers goes once somebody was forgotten, and what is shown is asked for anew. */
export const forgetting = { additionalTypenames: naming }

/**
 * Calls back when somebody was forgotten, on whatever page or machine, while the calling component lives. What it shows by a query has
 * been asked for anew by then; what it keeps by itself it has to let go of. All callers of a tab share one subscription.
 */
export function useOnForgotten(run: () => void): void {
  const { client } = useClientHandle()
  const listening = client.subscription(Forgotten, {}, forgetting).subscribe(({ data }) => data && run())
  onScopeDispose(() => listening.unsubscribe())
}
