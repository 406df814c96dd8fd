import type { InputRef } from '@pothos/core'

import type { AnyJobKind } from '../jobs/job-kind.ts'
import { builder } from './builder.ts'
import { enumName, type JsonSchema, storedSchema } from './kind-schema.ts'

/**
 * The GraphQL input type of a kind, made from its zod schema: `ScrapeEmailsInput`. Enum values are in capitals outside and as the
 * kind knows them inside; what GraphQL has no words for is the JSON scalar, and the kind's own check has the last word.
 */
export function kindInput(kind: AnyJobKind): InputRef<Record<string, unknown>> {
  return inputType(`${typeName(kind.kind)}Input`, typeName(kind.kind), {
    ...storedSchema(kind),
    description: `Input of ${kind.kind}. ${kind.description}`,
  })
}

/** `scrape-emails` → `ScrapeEmails` */
export function typeName(name: string): string {
  return name.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** A GraphQL input as the kind's schema takes it: clients send null for what they leave out. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) === Date.prototype) return value
  const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined)
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutNulls(inner)]))
}

function inputType(name: string, prefix: string, schema: JsonSchema): InputRef<Record<string, unknown>> {
  const required = new Set(schema.required)
  return builder.inputRef<Record<string, unknown>>(name).implement({
    description: describe(schema, name),
    fields: (t) =>
      Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([field, of]) => [
          field,
          t.field({
            type: fieldType(prefix + typeName(field), of) as 'String',
            description: describe(of, field),
            required: (required.has(field) && of.default === undefined) as false,
            ...(of.default !== undefined && { defaultValue: of.default as string }),
          }),
        ]),
      ),
  })
}

type FieldType = 'String' | 'Int' | 'Float' | 'Boolean' | 'JSON' | InputRef | [FieldType]

function fieldType(name: string, schema: JsonSchema): FieldType {
  if (schema.enum?.every((value) => typeof value === 'string'))
    return enumType(schema.typeName ?? name, schema, schema.enum)
  switch (schema.type) {
    case 'string':
      return 'String'
    case 'integer':
      return isInt(schema) ? 'Int' : 'Float'
    case 'number':
      return 'Float'
    case 'boolean':
      return 'Boolean'
    case 'array':
      return [fieldType(singular(name), schema.items ?? {})]
    case 'object':
      return schema.properties ? inputType(`${schema.typeName ?? name}Input`, name, schema) : 'JSON'
    case undefined:
    default:
      return 'JSON'
  }
}

function enumType(name: string, schema: JsonSchema, values: string[]): InputRef {
  return builder.enumType(name, {
    description: describe(schema, name),
    values: Object.fromEntries(
      values.map((value) => [enumName(value), { value, description: `The choice \`${value}\`.` }]),
    ),
  })
}

/** GraphQL's Int has 32 bits; zod's integers without a bound of their own are bounded by 2^53, which few mean. */
function isInt({ minimum = 0, maximum = 0 }: JsonSchema): boolean {
  return [minimum, maximum].every((bound) => Math.abs(bound) < 2 ** 31 || Math.abs(bound) === Number.MAX_SAFE_INTEGER)
}

function singular(name: string): string {
  return name.replace(/s$/, '')
}

function describe(schema: JsonSchema, name: string): string {
  const title = [schema.title, schema.description].filter(Boolean).join(': ') || name
  const marks = [
    schema.secret && 'It is stored encrypted and never shown again.',
    schema.upload && 'The id of a complete upload: see /upload.',
  ].filter(Boolean)
  const words = marks.length > 0 ? `${title.replace(/\.$/, '')}. ${marks.join(' ')}` : title
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = schema
  const from = minimum === Number.MIN_SAFE_INTEGER ? '' : ` from ${minimum}`
  const to = maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`
  return from || to ? `${words.replace(/\.$/, '')}. A number${from}${to}.` : words
}
