import type { InputRef } from '@pothos/core'

import { readInput } from '../jobs/control.ts'
import { titleOf, uploadsOf } from '../jobs/control/job-uploads.ts'
import type { AnyJobKind, Estimate } from '../jobs/job-kind.ts'
import type { InputIssue } from '../jobs/refusals.ts'
import { builder } from './builder.ts'
import { NotConfiguredType, orRefused, resultType, ValidationErrorType, ValidationIssue } from './errors.ts'
import { typeName, withoutNulls } from './kind-input.ts'

const JobEstimate = builder.objectRef<Estimate>('JobEstimate').implement({
  description: 'What a job would come to.',
  fields: (t) => ({
    items: t.exposeFloat('items', {
      nullable: true,
      description: 'Items at most, such as pages; null where that cannot be known.',
    }),
    fresh: t.exposeFloat('fresh', {
      nullable: true,
      description: 'Different items, such as addresses, that are not known yet; null where the kind asks for all.',
    }),
    known: t.exposeFloat('known', {
      nullable: true,
      description: 'Different items that are known already, so that nobody is asked.',
    }),
    unusable: t.exposeFloat('unusable', {
      nullable: true,
      description:
        'Items that nobody is asked for. Of a verification: different texts that are no addresses, each a result that is INVALID.',
    }),
    repeated: t.exposeFloat('repeated', {
      nullable: true,
      description: 'Items that came before in another item, and so are skipped.',
    }),
    empty: t.exposeFloat('empty', {
      nullable: true,
      description: 'Items with nothing in them, which are skipped.',
    }),
    suppressed: t.exposeFloat('suppressed', {
      nullable: true,
      description: 'Different items that no job may store, and so are skipped.',
    }),
    paidCalls: t.exposeFloat('paidCalls', {
      nullable: true,
      description: 'Calls at most that a service is paid for; null where none is asked.',
    }),
    seconds: t.exposeFloat('seconds', {
      nullable: true,
      description: 'About how long it takes; null where that cannot be known.',
    }),
    basis: t.exposeString('basis', { description: 'What these numbers stand on, in words for people.' }),
  }),
})

const InputAccepted = builder.objectRef<Accepted>('InputAccepted').implement({
  description: 'A job could be started with this input.',
  fields: (t) => ({
    remarks: t.expose('remarks', {
      type: [ValidationIssue],
      description:
        'What of it is taken although it will come to nothing, such as texts that are no addresses; the first hundred.',
    }),
    title: t.exposeString('title', { description: 'The title that the job would have.' }),
    estimate: t.expose('estimate', {
      type: JobEstimate,
      nullable: true,
      description: 'What it would come to; null where nothing can be said.',
    }),
  }),
})

interface Accepted {
  title: string
  estimate: Estimate | null
  remarks: InputIssue[]
}

const CheckInputResult = builder.unionType('CheckInputResult', {
  description: 'What can be said of an input before a job starts.',
  types: [InputAccepted, ValidationErrorType, NotConfiguredType],
  resolveType: resultType('InputAccepted'),
})

/** A query beside the start mutation of a kind, which starts nothing. */
export function addCheck(kind: AnyJobKind, inputType: InputRef<Record<string, unknown>>): void {
  builder.queryField(`check${typeName(kind.kind)}`, (t) =>
    t.field({
      type: CheckInputResult,
      description: `Checks an input of \`start${typeName(kind.kind)}\` and says what the job would come to. Nothing is started, and no place is asked.`,
      args: { input: t.arg({ type: inputType, required: true, description: 'What the job is to do.' }) },
      resolve: (_root, { input: given }, { engine, viewer }) =>
        orRefused(async () => {
          const input = await readInput(engine, kind, withoutNulls(given), viewer.owner)
          const { owner } = viewer
          const { db, settings } = engine
          const title = await titleOf(engine, kind, { owner, input })
          const outlook = { db, owner, openUpload: uploadsOf(engine, owner), settings }
          const estimate = (await kind.estimate?.(input, outlook)) ?? null
          return { title, estimate, remarks: kind.remarks?.(input) ?? [] }
        }),
    }),
  )
}
