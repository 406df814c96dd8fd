import { formatCount, withAcronyms } from '../ui/format.ts'
import type { JobKind } from './job-words.ts'

/**
 * From the JSON Schema of a kind's input to form fields, and from what was typed back to an input. It reads what zod writes for
 * plain inputs: an object of strings, numbers, flags, choices and lists of these or of strings. Anything else is edited as JSON.
 */
export interface InputField {
  name: string
  label: string
  help: string
  /** `choices` are several of `choice`, a line each; `paste` is a long text, `upload` the id of a file that was sent, `job` the id of a job of the kind `jobKind`. */
  widget: 'lines' | 'text' | 'paste' | 'upload' | 'job' | 'secret' | 'number' | 'choice' | 'choices' | 'flag' | 'json'
  required: boolean
  /** Shown below the fold: see `fieldsOf`. */
  advanced: boolean
  /** Typed into the empty form: the schema's default. */
  initial: string | boolean
  placeholder: string
  whole: boolean
  minimum?: number
  maximum?: number
  choices: InputChoice[]
  /** What none of the choices is called. */
  unset: string
  /** As the API names it. */
  jobKind?: JobKind
}

export interface InputChoice {
  value: string
  label: string
  /** What has to be set before anything comes of it, in words for people. */
  notSetUp?: string
}

/** What stands in the form, as typed: text, or a flag. Kept even where it makes no sense. */
export type FormValues = Record<string, string | boolean>

/** `path` as the server gives it: keys and indexes from the input on. */
export interface InputIssue {
  path: readonly string[]
  message: string
  code?: string
  /** It keeps nothing from being started. */
  mild?: boolean
}

/** An issue at its place in the form. */
export interface PlacedIssue {
  message: string
  code?: string
  mild?: boolean
  /** Which line of the text holds the entry, counted from 1. */
  line?: number
  /** The entry as typed. */
  entry?: string
}

/**
 * In the order of the schema, which is one of weight: what stands behind the first field with a default is advanced, unless it is
 * needed. `advanced` beside a property's title overrules that.
 */
export function fieldsOf(inputSchema: unknown): InputField[] {
  const schema = asSchema(inputSchema)
  const required = new Set(schema.required)
  const properties = Object.entries(schema.properties ?? {})
  const firstDefault = properties.findIndex(([, property]) => property.default !== undefined)
  return properties.map(([name, property], index) => {
    const field = fieldOf(name, property, required.has(name))
    const late = firstDefault !== -1 && index > firstDefault
    return { ...field, advanced: property.advanced ?? (late && !field.required) }
  })
}

export function initialValues(fields: InputField[]): FormValues {
  return Object.fromEntries(fields.map((field) => [field.name, field.initial]))
}

/** The typed text of an input: for a form that begins with the input of an earlier job. */
export function valuesOf(fields: InputField[], input: unknown): FormValues {
  const given: Record<string, unknown> = typeof input === 'object' && input !== null ? { ...input } : {}
  return Object.fromEntries(fields.map((field) => [field.name, typedValue(field, given[field.name])]))
}

/** The input that the form says, with the issues that can be seen without the server. Empty fields are left out of it. */
export function readForm(
  fields: InputField[],
  values: FormValues,
): { input: Record<string, unknown>; issues: InputIssue[] } {
  const input: Record<string, unknown> = {}
  const issues: InputIssue[] = []
  for (const field of fields) {
    const value = values[field.name] ?? field.initial
    if (typeof value === 'boolean') {
      input[field.name] = value
      continue
    }
    const text = value.trim()
    if (text === '') {
      if (field.required) issues.push({ path: [field.name], message: 'This is needed.' })
      continue
    }
    const read = readText(field, text)
    if (read.problem === undefined) input[field.name] = read.value
    else issues.push({ path: [field.name], message: read.problem })
  }
  return { input, issues }
}

/** Fields that say how a table is taken: they stand beside a look at it, where there is one. */
const tableFields = ['column', 'delimiter', 'header', 'leaveOutBadRows']

/** Splits what belongs to a table off from the rest of a form that takes one. */
export function withoutTableFields(fields: InputField[]): { rest: InputField[]; ofTable: InputField[] } {
  if (!fields.some(({ widget }) => widget === 'upload')) return { rest: fields, ofTable: [] }
  return {
    rest: fields.filter(({ name }) => !tableFields.includes(name)),
    ofTable: fields.filter(({ name }) => tableFields.includes(name)),
  }
}

/** The table that a field holds, for a look at how it would be read. Of a pasted one its first rows are enough. */
export function tableHeld({ widget }: InputField, value: string | boolean | undefined): HeldTable | undefined {
  const held = String(value ?? '')
  if (held.trim() === '') return undefined
  if (widget === 'upload') return { upload: held }
  return widget === 'paste' ? { text: held.slice(0, previewedLetters) } : undefined
}

export interface HeldTable {
  upload?: string
  text?: string
}

const previewedLetters = 20_000

/** What may be kept on the device: all but the secrets. */
export function withoutSecrets<T>(fields: InputField[], values: Record<string, T>): Record<string, T> {
  const secret = new Set(fields.filter(({ widget }) => widget === 'secret').map(({ name }) => name))
  return Object.fromEntries(Object.entries(values).filter(([name]) => !secret.has(name)))
}

/** Entries of a list field with the line each stands on: one a line, blank lines count for nothing. */
export function entriesOf(text: string): { entry: string; line: number }[] {
  return text
    .split('\n')
    .map((line, index) => ({ entry: line.trim(), line: index + 1 }))
    .filter(({ entry }) => entry !== '')
}

/** The text without the given lines (counted from 1). */
export function withoutLines(text: string, lines: ReadonlySet<number>): string {
  return text
    .split('\n')
    .filter((_, index) => !lines.has(index + 1))
    .join('\n')
}

/** Issues by field name; those of no known field are under the empty name. An index in a list becomes line and entry. */
export function placeIssues(
  fields: InputField[],
  values: FormValues,
  issues: readonly InputIssue[],
): Map<string, PlacedIssue[]> {
  const placed = new Map<string, PlacedIssue[]>()
  for (const { path, message, code, mild } of issues) {
    const field = fields.find(({ name }) => name === path[0])
    const name = field?.name ?? ''
    const issue: PlacedIssue = { message, ...(code && { code }), ...(mild && { mild }) }
    const index = Number(path[1])
    const text = values[name]
    if (field?.widget === 'lines' && path.length > 1 && Number.isInteger(index) && typeof text === 'string') {
      Object.assign(issue, entriesOf(text)[index])
    }
    placed.set(name, [...(placed.get(name) ?? []), issue])
  }
  return placed
}

/** Whether anything that a refusal of `judged` spoke of is still as it was; one of no field in particular spoke of all. */
export function stillStands(placed: ReadonlyMap<string, unknown>, judged: FormValues, values: FormValues): boolean {
  const isAsItWas = (name: string) => values[name] === judged[name]
  const named = [...placed.keys()].filter((name) => name !== '')
  return named.length > 0 ? named.some(isAsItWas) : Object.keys(judged).every(isAsItWas)
}

interface Schema {
  type?: string
  title?: string
  description?: string
  default?: unknown
  examples?: unknown[]
  enum?: unknown[]
  advanced?: boolean
  secret?: boolean
  upload?: boolean
  /** Choices that come to nothing yet, each with what has to be set. */
  notSetUp?: Record<string, string>
  /** What it means to leave a choice out, where that is more than a default. */
  unset?: string
  /** The stored name of a kind, where the value is the id of a job of it. */
  job?: string
  maxLength?: number
  minimum?: number
  maximum?: number
  items?: Schema
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
}

function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? value : {}
}

function fieldOf(name: string, property: Schema, required: boolean): InputField {
  const schema = withoutNull(property)
  const field: InputField = {
    name,
    label: schema.title ?? wordsOfName(name),
    help: schema.description ?? '',
    widget: widgetOf(schema),
    required: required && schema.default === undefined,
    advanced: false,
    initial: '',
    placeholder: '',
    whole: schema.type === 'integer',
    unset: schema.unset ?? 'Default',
    choices: (schema.enum ?? schema.items?.enum ?? []).map((value) => choiceFor(String(value), schema.notSetUp)),
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server names only kinds that it has
  if (schema.job) field.jobKind = constantCase(schema.job) as JobKind
  // zod gives every integer the bounds of a safe one: no limit that anybody wants to read.
  if (schema.minimum !== undefined && schema.minimum > Number.MIN_SAFE_INTEGER) field.minimum = schema.minimum
  if (schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER) field.maximum = schema.maximum
  field.initial = typedValue(field, schema.default)
  const lines = field.widget === 'lines'
  const shown = [...(schema.examples ?? []), ...(lines ? (schema.items?.examples ?? []) : [])].map(exampleText)
  // A number in grey looks like one that is set.
  if (shown[0] !== undefined) field.placeholder = placeholderOf(field, shown)
  return field
}

function choiceFor(value: string, notSetUp: Record<string, string> = {}): InputChoice {
  const label = sentenceOf(value)
  const words = notSetUp[value]
  return words === undefined ? { value, label } : { value, label, notSetUp: words }
}

function placeholderOf({ widget }: InputField, shown: string[]): string {
  if (widget === 'lines') return shown.slice(0, 3).join('\n')
  return widget === 'paste' ? shown[0]! : `such as ${shown[0]}`
}

/** What may be so long has several lines. */
const longText = 10_000

function widgetOf(schema: Schema): InputField['widget'] {
  if (schema.enum) return 'choice'
  switch (schema.type) {
    case 'array':
      if (schema.items?.enum) return 'choices'
      return schema.items?.type === 'string' ? 'lines' : 'json'
    case 'string':
      if (schema.upload) return 'upload'
      if (schema.job) return 'job'
      if (schema.secret) return 'secret'
      return (schema.maxLength ?? 0) >= longText ? 'paste' : 'text'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'flag'
    case undefined:
    default:
      return 'json'
  }
}

function typedValue(field: InputField, value: unknown): string | boolean {
  if (field.widget === 'flag') return value === true
  if (value === undefined || value === null) return ''
  if (field.widget === 'lines' && Array.isArray(value)) return value.map(textOf).join('\n')
  if (field.widget === 'choice') return choiceOf(field, value)
  if (field.widget === 'choices' && Array.isArray(value))
    return value
      .map((one) => choiceOf(field, one))
      .filter(Boolean)
      .join('\n')
  return textOf(value)
}

function choiceOf({ choices }: InputField, value: unknown): string {
  return choices.find((choice) => constantCase(choice.value) === constantCase(textOf(value)))?.value ?? ''
}

function readText(field: InputField, text: string): { value?: unknown; problem?: string } {
  switch (field.widget) {
    case 'lines':
      return { value: entriesOf(text).map(({ entry }) => entry) }
    case 'number':
      return readNumber(field, text)
    case 'choice':
      // GraphQL writes its enum values in capitals, JSON Schema gives them as they are stored.
      return { value: constantCase(text) }
    case 'choices':
      return { value: text.split('\n').map(constantCase) }
    case 'json':
      try {
        return { value: JSON.parse(text) }
      } catch {
        return { problem: 'This is not valid JSON.' }
      }
    case 'text':
    case 'paste':
    case 'upload':
    case 'job':
    case 'secret':
    case 'flag':
    default:
      return { value: text }
  }
}

/** A thousand to some, one to others. */
const dottedGroups = /^[1-9]\d{0,2}([.,_\s]\d{3})*\.\d{3}([.,_\s]\d{3})*$/

function readNumber(field: InputField, text: string): { value?: number; problem?: string } {
  if (field.whole && dottedGroups.test(text)) return { problem: `Write ${text.replaceAll(/\D/g, '')}, without a dot.` }
  // People group digits: 10,000 and 10 000 and 10_000 are the same number.
  const plain = text.replaceAll(/(?<=\d)[,_\s](?=\d{3}(\D|$))/g, '')
  // Number by itself would read 1e3 as a thousand and 0x10 as sixteen.
  const value = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : Number.NaN
  if (!Number.isFinite(value)) return { problem: `“${text}” is not a number in plain digits.` }
  if (field.whole && !Number.isInteger(value)) return { problem: 'This has to be a whole number.' }
  if (field.minimum !== undefined && value < field.minimum)
    return { problem: `The least is ${formatCount(field.minimum)}.` }
  if (field.maximum !== undefined && value > field.maximum)
    return { problem: `The most is ${formatCount(field.maximum)}.` }
  return { value }
}

/** An optional value is often written as "this or null". */
function withoutNull(schema: Schema): Schema {
  const options = schema.anyOf?.filter((option) => option.type !== 'null')
  return options?.length === 1 ? { ...schema, ...options[0], anyOf: undefined } : schema
}

function exampleText(example: unknown): string {
  return Array.isArray(example) ? example.map(textOf).join('\n') : textOf(example)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}

function constantCase(value: string): string {
  return value.toUpperCase().replaceAll('-', '_')
}

/** maxPagesPerDomain → "Max pages per domain". */
export function wordsOfName(name: string): string {
  return sentenceOf(name.replaceAll(/([a-z])([A-Z])/g, '$1 $2'))
}

function sentenceOf(words: string): string {
  const spaced = words.replaceAll(/[_-]/g, ' ').toLowerCase()
  return withAcronyms(spaced.charAt(0).toUpperCase() + spaced.slice(1))
}
