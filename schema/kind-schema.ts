import { z } from 'zod'

import type { AnyJobKind, NotSetUp } from '../jobs/job-kind.ts'

/** What we read of JSON Schema (draft 2020-12) as zod writes it; keys of zod's metadata stand beside. */
export interface JsonSchema {
  type?: string | string[]
  title?: string
  description?: string
  default?: unknown
  examples?: unknown[]
  enum?: unknown[]
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  minimum?: number
  maximum?: number
  /** Metadata: the GraphQL name of an enum or a nested input, where the made one is not good enough. */
  typeName?: string
  /** Metadata: stored encrypted and apart, and never shown. */
  secret?: boolean
  /** Metadata: the id of an upload, whose bytes were sent to /upload. */
  upload?: boolean
  /** Choices that come to nothing before the operator has set something up, each with what that is, in words for people. */
  notSetUp?: Record<string, string>
}

/** The input of a kind before defaults are filled in, with its values as they are stored. */
export function storedSchema(kind: AnyJobKind): JsonSchema {
  return z.toJSONSchema(kind.input, { io: 'input', unrepresentable: 'any' }) as JsonSchema
}

/** The same as the API takes it: enum values in capitals, and without bounds that only say "an integer". */
export function apiSchema(schema: JsonSchema): JsonSchema {
  const { properties, items, minimum, maximum, ...rest } = schema
  return {
    ...rest,
    ...(schema.enum && { enum: schema.enum.map((value) => toApi({ enum: [value] }, value)) }),
    ...('default' in schema && { default: toApi(schema, schema.default) }),
    ...(schema.examples && { examples: schema.examples.map((example) => toApi(schema, example)) }),
    ...(minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER && { minimum }),
    ...(maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && { maximum }),
    ...(items && { items: apiSchema(items) }),
    ...(properties && { properties: mapValues(properties, apiSchema) }),
  }
}

/** The schema of the API with a mark on each choice that is not set up. */
export function withMarks(schema: JsonSchema, notSetUp: readonly NotSetUp[]): JsonSchema {
  const marked = Map.groupBy(notSetUp, ({ field }) => field)
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const marks = marked.get(name)?.map(({ value, words }) => [enumName(value), words])
    return [name, marks ? { ...property, notSetUp: Object.fromEntries(marks) } : property]
  })
  return { ...schema, properties: Object.fromEntries(properties) }
}

/** A stored input, or a part of one, as the API shows it: what comes out can be sent as an input again. */
export function toApi(schema: JsonSchema | undefined, value: unknown): unknown {
  if (schema === undefined) return value
  if (schema.enum?.includes(value) && typeof value === 'string') return enumName(value)
  const { items, properties } = schema
  if (Array.isArray(value)) return items ? value.map((item) => toApi(items, item)) : value
  if (!properties || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toApi(properties[key], inner)]))
}

/** `scrape-emails` → `SCRAPE_EMAILS` */
export function enumName(value: string): string {
  return value
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replace(/^(?=\d)/, '_')
}

function mapValues<In, Out>(object: Record<string, In>, change: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))
}
