import type { OperationResult } from '@urql/core'
import { useClientHandle } from '@urql/vue'
import { ref, shallowRef } from 'vue'
import type { Ref, ShallowRef } from 'vue'

import { forgetting } from '../forgotten.ts'
import { graphql } from '../graphql.ts'
import type { InputIssue } from '../jobs/input-form.ts'
import { wordsOfError } from '../ui/error-words.ts'
import type { Forgotten, Suppressed } from './suppression-words.ts'

const Refusal = graphql(`
  fragment SuppressionRefusal on UserError @_unmask {
    message
    ... on ValidationError {
      issues {
        path
        message
        code
      }
    }
  }
`)
const SuppressAddresses = graphql(
  `
    mutation SuppressAddresses($addresses: [String!]!, $reason: String!) {
      result: suppressAddresses(addresses: $addresses, reason: $reason) {
        __typename
        ...SuppressionRefusal
        ... on SuppressSuccess {
          added
          known
          unreadable
        }
      }
    }
  `,
  [Refusal],
)
const SuppressUpload = graphql(
  `
    mutation SuppressUpload($upload: ID!, $reason: String!) {
      result: suppressUpload(upload: $upload, reason: $reason) {
        __typename
        ...SuppressionRefusal
        ... on SuppressSuccess {
          added
          known
          unreadable
        }
      }
    }
  `,
  [Refusal],
)
const UnsuppressAddress = graphql(
  `
    mutation UnsuppressAddress($address: String!, $reason: String!) {
      result: unsuppressAddress(address: $address, reason: $reason) {
        __typename
        ...SuppressionRefusal
        ... on UnsuppressSuccess {
          address
        }
      }
    }
  `,
  [Refusal],
)
const ForgetAddress = graphql(
  `
    mutation ForgetAddress($address: String!, $reason: String!) {
      result: forgetAddress(address: $address, reason: $reason) {
        __typename
        ...SuppressionRefusal
        ... on ForgetSuccess {
          rows
          texts
        }
      }
    }
  `,
  [Refusal],
)

interface Refused {
  message: string
  issues?: InputIssue[]
}

/** The list is asked for anew where it is shown. */
const listed = { additionalTypenames: ['SuppressionConnection'] }

/** Of what takes its time. */
const unanswered =
  'The connection was lost before an answer came. What had begun goes on by itself; to ask again does no harm.'

/** What may be asked about the list of suppressions. What is asked resolves to undefined where it was refused. */
export function useSuppressing(): {
  busy: Ref<boolean>
  /** Why the last one was refused, in words, where that is about nothing that was given. */
  problem: Ref<string | undefined>
  /** Why it was, by places in what was given. */
  issues: ShallowRef<readonly InputIssue[]>
  /** What is wrong with one thing that was given. */
  problemOf(name: string): string | undefined
  suppress(addresses: string[], reason: string): Promise<Suppressed | undefined>
  suppressUpload(upload: string, reason: string): Promise<Suppressed | undefined>
  /** The address that is on the list no more. */
  takeOff(address: string, reason: string): Promise<string | undefined>
  forget(address: string, reason: string): Promise<Forgotten | undefined>
} {
  const { client } = useClientHandle()
  const busy = ref(false)
  const problem = ref<string>()
  const issues = shallowRef<readonly InputIssue[]>([])

  async function answer<T extends object>(
    sent: PromiseLike<Pick<OperationResult<{ result: T }>, 'data' | 'error'>>,
    lost?: string,
  ): Promise<Exclude<T, Refused> | undefined> {
    busy.value = true
    problem.value = undefined
    issues.value = []
    const { data, error } = await sent
    busy.value = false
    if (data && isDone(data.result)) return data.result
    const refused: Partial<Refused> | undefined = data?.result
    issues.value = refused?.issues ?? []
    if (issues.value.length === 0)
      problem.value = refused?.message ?? (error?.networkError && lost) ?? wordsOfError(error)
    return undefined
  }

  return {
    busy,
    problem,
    issues,
    problemOf: (name) => issues.value.find(({ path }) => path[0] === name)?.message,
    suppress: (addresses, reason) => answer(client.mutation(SuppressAddresses, { addresses, reason }, listed)),
    suppressUpload: (upload, reason) => answer(client.mutation(SuppressUpload, { upload, reason }, listed), unanswered),
    takeOff: async (address, reason) =>
      (await answer(client.mutation(UnsuppressAddress, { address, reason }, listed)))?.address,
    forget: (address, reason) => answer(client.mutation(ForgetAddress, { address, reason }, forgetting), unanswered),
  }
}

function isDone<T extends object>(result: T): result is Exclude<T, Refused> {
  return !('message' in result)
}
