import { useClientHandle } from '@urql/vue'
import { ref } from 'vue'
import type { Ref } from 'vue'

import { graphql } from '../graphql.ts'
import type { JobAction } from './job-words.ts'

const JobResult = graphql(`
  fragment JobResult on JobResult @_unmask {
    __typename
    ... on UserError {
      message
    }
    ... on JobSuccess {
      job {
        id
        state
      }
    }
  }
`)

const actionDocuments = {
  PAUSE: graphql(
    `
      mutation PauseJob($id: ID!) {
        result: pauseJob(id: $id) {
          ...JobResult
        }
      }
    `,
    [JobResult],
  ),
  CANCEL: graphql(
    `
      mutation CancelJob($id: ID!) {
        result: cancelJob(id: $id) {
          ...JobResult
        }
      }
    `,
    [JobResult],
  ),
  RESUME: graphql(
    `
      mutation ResumeJob($id: ID!) {
        result: resumeJob(id: $id) {
          ...JobResult
        }
      }
    `,
    [JobResult],
  ),
  DELETE: graphql(`
    mutation DeleteJob($id: ID!) {
      result: deleteJob(id: $id) {
        __typename
        ... on UserError {
          message
        }
      }
    }
  `),
}

/** What may be asked of a job. The page learns of the outcome as it does of any change; a refusal is in `refusal`. */
export function useJobActions(id: string): {
  /** The action that is under way. */
  asking: Ref<JobAction | undefined>
  refusal: Ref<string | undefined>
  /** True when the server has taken it. */
  ask(action: JobAction): Promise<boolean>
} {
  const { client } = useClientHandle()
  const asking = ref<JobAction>()
  const refusal = ref<string>()

  async function ask(action: JobAction): Promise<boolean> {
    if (asking.value) return false
    asking.value = action
    refusal.value = undefined
    const { data, error } = await client.mutation(actionDocuments[action], { id }).toPromise()
    asking.value = undefined
    if (!data) {
      refusal.value = error?.networkError
        ? 'The server cannot be reached: nothing has changed.'
        : (error?.message.replace('[GraphQL] ', '') ?? 'The server gave no answer.')
      return false
    }
    if ('message' in data.result) {
      refusal.value = data.result.message
      return false
    }
    return true
  }

  return { asking, refusal, ask }
}
