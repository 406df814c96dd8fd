import { useClientHandle } from '@urql/vue'
import type { ResultOf } from 'gql.tada'
import { onScopeDispose } from 'vue'

import { graphql } from '../graphql.ts'
import { JobRow_job } from './JobRow.vue'

const JobFeed = graphql(
  `
    subscription JobFeed {
      jobs {
        deletedId
        reload
        job {
          id
          state
          kind
          title
          lastSeq
          createdAt
          progress {
            results
          }
          ...JobRow_job
        }
      }
    }
  `,
  [JobRow_job],
)
export type JobChange = ResultOf<typeof JobFeed>['jobs']

/** Calls back with each change of any job while the calling component lives. All callers of a tab share one subscription. */
export function useJobFeed(onChange: (change: JobChange) => void): void {
  const { client } = useClientHandle()
  const listening = client.subscription(JobFeed, {}).subscribe(({ data }) => data && onChange(data.jobs))
  onScopeDispose(() => listening.unsubscribe())
}
