import type { AnyJobKind } from '../jobs/job-kind.ts'
import { kinds } from '../jobs/registry.ts'
import { builder } from './builder.ts'
import { JobKind } from './job-enums.ts'
import { apiSchema, storedSchema, toApi, withMarks } from './kind-schema.ts'

/** RFC 2606 §3 */
const exampleOrigins = ['https://example.com', 'https://example.org', 'https://example.net']

const JobKindInfo = builder.objectRef<AnyJobKind>('JobKindInfo').implement({
  description: 'What a kind of job is and what it takes: forms and scripts are made from it.',
  fields: (t) => ({
    kind: t.expose('kind', { type: JobKind, description: 'The kind.' }),
    name: t.exposeString('kind', {
      description: 'Its name in lower case: `scrape-emails`, as in the logs and on the command line.',
    }),
    title: t.exposeString('title', { description: 'Its name for people.' }),
    description: t.exposeString('description', { description: 'What it does, for people.' }),
    inputSchema: t.field({
      type: 'JSON',
      description:
        'JSON Schema (draft 2020-12) of the input of its start mutation, with titles, descriptions, defaults and examples; `notSetUp` beside a choice says what has to be set before it can be made.',
      resolve: (kind, _args, { engine }) =>
        withMarks(apiSchema(storedSchema(kind)), kind.notSetUp?.(engine.settings) ?? []),
    }),
    example: t.field({
      type: 'JSON',
      description: 'An input that works.',
      resolve: (kind) => toApi(storedSchema(kind), kind.example.input(exampleOrigins)),
    }),
  }),
})

builder.queryField('jobKinds', (t) =>
  t.field({
    type: [JobKindInfo],
    description: 'All kinds of jobs that can be started.',
    resolve: () => kinds,
  }),
)
