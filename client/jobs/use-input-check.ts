import { gql } from '@urql/core'
import type { TypedDocumentNode } from '@urql/core'
import { useClientHandle } from '@urql/vue'
import type { ResultOf } from 'gql.tada'
import { onScopeDispose, shallowRef, watch } from 'vue'
import type { Ref, ShallowRef } from 'vue'

import { graphql } from '../graphql.ts'
import { readForm } from './input-form.ts'
import type { FormValues, InputField, InputIssue } from './input-form.ts'
import { nameOfKind } from './use-create-job.ts'

const CheckInputResult = graphql(`
  fragment CheckInputResult on CheckInputResult @_unmask {
    __typename
    ... on InputAccepted {
      remarks {
        path
        message
      }
      estimate {
        items
        fresh
        known
        unusable
        repeated
        empty
        suppressed
        paidCalls
        seconds
        basis
      }
    }
    ... on ValidationError {
      issues {
        path
        message
        code
      }
    }
    ... on NotConfigured {
      message
    }
  }
`)
type Answer = ResultOf<typeof CheckInputResult>
export type Estimate = NonNullable<Extract<Answer, { __typename: 'InputAccepted' }>['estimate']>

/** Typing has to rest for so long before the server is asked. */
const restMs = 500
/** Larger inputs are judged when they are started: they would be sent again at every pause. */
const mostBytes = 300_000

/** What the server says of a form while it is being filled in. Nothing is started. */
export function useInputCheck(
  kind: string,
  fields: InputField[],
  values: Ref<FormValues>,
): {
  /** Problems of fields that have something in them, with the values that they speak of. */
  found: ShallowRef<{ issues: readonly InputIssue[]; values: FormValues }>
  /** What the job would come to; undefined where nothing can be said of the present input. */
  estimate: ShallowRef<Estimate | undefined>
  /** What the server lacks for the present input. */
  lacking: ShallowRef<string | undefined>
} {
  const { client } = useClientHandle()
  const found = shallowRef<{ issues: readonly InputIssue[]; values: FormValues }>({ issues: [], values: {} })
  const estimate = shallowRef<Estimate>()
  const lacking = shallowRef<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let turn = 0

  async function check() {
    const mine = ++turn
    const judged = { ...values.value }
    const { input, issues: own } = readForm(fields, judged)
    // What makes no sense is left out of the input, and hides no problem of the rest.
    const askable = JSON.stringify(input).length < mostBytes
    const { data } = askable
      ? await client.query(checkDocument(kind), { input }, { requestPolicy: 'network-only' }).toPromise()
      : { data: undefined }
    if (mine !== turn) return
    const result = data?.result
    const accepted = result?.__typename === 'InputAccepted' ? result : undefined
    estimate.value = own.length === 0 ? (accepted?.estimate ?? undefined) : undefined
    lacking.value = result?.__typename === 'NotConfigured' ? result.message : undefined
    const refused = result?.__typename === 'ValidationError' ? result.issues : []
    const remarks = (accepted?.remarks ?? []).map((remark) => ({ ...remark, mild: true }))
    const left = new Set(own.map(({ path }) => path[0]))
    const issues = [...own, ...[...refused, ...remarks].filter(({ path }) => !left.has(path[0]))]
    // What has not been filled in yet is no mistake.
    found.value = { issues: issues.filter(({ path }) => isFilled(judged[path[0] ?? ''])), values: judged }
  }

  watch(
    values,
    () => {
      clearTimeout(timer)
      estimate.value = undefined
      lacking.value = undefined
      timer = setTimeout(() => void check(), restMs)
    },
    { deep: true, immediate: true },
  )
  onScopeDispose(() => {
    clearTimeout(timer)
    turn++
  })
  return { found, estimate, lacking }
}

function isFilled(value: string | boolean | undefined): boolean {
  return typeof value === 'string' && value.trim() !== ''
}

/** SCRAPE_EMAILS → `checkScrapeEmails(input: ScrapeEmailsInput!)`, made from the name as the server does. */
function checkDocument(kind: string): TypedDocumentNode<{ result: Answer }, { input: unknown }> {
  const name = nameOfKind(kind)
  return gql`
    query Check($input: ${name}Input!) {
      result: check${name}(input: $input) {
        ...CheckInputResult
      }
    }
    ${CheckInputResult}
  `
}
