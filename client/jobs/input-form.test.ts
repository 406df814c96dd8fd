import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  entriesOf,
  fieldsOf,
  initialValues,
  placeIssues,
  readForm,
  stillStands,
  valuesOf,
  withoutLines,
  withoutSecrets,
} from './input-form.ts'

const schema = {
  type: 'object',
  properties: {
    domains: { type: 'array', items: { type: 'string' }, title: 'Domains', examples: [['example.com', 'example.org']] },
    maxPagesPerDomain: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 50 },
    maxDepth: { type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 },
    scope: { type: 'string', enum: ['host', 'domain'], default: 'domain', description: 'How far a crawl goes.' },
    name: { anyOf: [{ type: 'string' }, { type: 'null' }], title: 'Name' },
    archive: { type: 'boolean', default: true },
    people: { type: 'array', items: { type: 'object' } },
    quality: { type: 'array', items: { type: 'string', enum: ['HIGH', 'MEDIUM', 'LOW'] } },
    apiKey: { type: 'string', secret: true },
  },
  required: ['name', 'maxPagesPerDomain'],
}
const fields = fieldsOf(schema)
const field = (name: string) => fields.find((one) => one.name === name)!

describe('fields from a JSON Schema', () => {
  test.each([
    ['domains', 'lines'],
    ['maxPagesPerDomain', 'number'],
    ['scope', 'choice'],
    ['name', 'text'],
    ['archive', 'flag'],
    ['people', 'json'],
    ['quality', 'choices'],
    ['apiKey', 'secret'],
  ])('%s is edited as %s', (name, widget) => expect(field(name).widget).toBe(widget))

  test('a title is the label; without one the name is spelled out', () => {
    expect(field('domains').label).toBe('Domains')
    expect(field('maxPagesPerDomain').label).toBe('Max pages per domain')
  })

  test('a choice that is not set up is marked, with what has to be set', () => {
    const [marked] = fieldsOf({
      properties: { service: { enum: ['BUILTIN', 'ZEROBOUNCE'], notSetUp: { ZEROBOUNCE: 'It needs a key.' } } },
    })
    expect(marked!.choices).toEqual([
      { value: 'BUILTIN', label: 'Builtin' },
      { value: 'ZEROBOUNCE', label: 'ZeroBounce', notSetUp: 'It needs a key.' },
    ])
  })

  test('of several choices those are sent that are ticked, and none where none is', () => {
    const read = (quality: string) => readForm(fields, { ...initialValues(fields), name: 'Ada', quality }).input
    expect(read('HIGH\nLOW')).toMatchObject({ quality: ['HIGH', 'LOW'] })
    expect(read('')).not.toHaveProperty('quality')
    expect(valuesOf(fields, { quality: ['high', 'LOW', 'else'] })).toMatchObject({ quality: 'HIGH\nLOW' })
  })

  test('a secret is sent, and kept nowhere', () => {
    const values = { ...initialValues(fields), name: 'Ada', apiKey: 'hush' }
    const { input } = readForm(fields, values)
    expect(input).toMatchObject({ name: 'Ada', apiKey: 'hush' })
    for (const kept of [withoutSecrets(fields, values), withoutSecrets(fields, input)]) {
      expect(kept).toMatchObject({ name: 'Ada' })
      expect(kept).not.toHaveProperty('apiKey')
    }
  })

  test('what has a default is not asked for', () => {
    expect(field('maxPagesPerDomain').required).toBe(false)
    expect(field('name').required).toBe(true)
  })

  test('behind the first field with a default all is advanced that is not needed, unless the schema says otherwise', () => {
    const shown = (of: typeof fields) => of.filter(({ advanced }) => !advanced).map(({ name }) => name)
    expect(shown(fields)).toEqual(['domains', 'maxPagesPerDomain', 'name'])
    const { domains, maxDepth } = schema.properties
    const marked = {
      domains: { ...domains, advanced: true },
      n: { type: 'integer', default: 1 },
      maxDepth: { ...maxDepth, advanced: false },
    }
    expect(shown(fieldsOf({ properties: marked }))).toEqual(['n', 'maxDepth'])
  })

  test('the bounds of a safe integer are no limit', () => {
    expect(field('maxDepth')).not.toHaveProperty('minimum')
    expect(field('maxPagesPerDomain')).toMatchObject({ minimum: 1, maximum: 1_000_000, whole: true })
  })

  test('defaults are typed in, examples are shown', () => {
    expect(initialValues(fields)).toMatchObject({
      maxPagesPerDomain: '50',
      scope: 'domain',
      archive: true,
      domains: '',
    })
    expect(field('domains').placeholder).toBe('example.com\nexample.org')
    expect(fieldsOf({ properties: { n: { type: 'integer', examples: [3] } } })[0]!.placeholder).toBe('such as 3')
  })

  test.each([undefined, null, 'text', 7, {}])('a schema of %j has no fields', (odd) =>
    expect(fieldsOf(odd)).toEqual([]),
  )
})

describe('reading the form', () => {
  test('one entry a line, without blank ones; enums in the capitals of GraphQL; empty fields left out', () => {
    const { input, issues } = readForm(fields, {
      ...initialValues(fields),
      domains: ' example.com \n\n example.org',
      name: 'A',
      maxPagesPerDomain: '10,000',
    })
    expect(issues).toEqual([])
    expect(input).toEqual({
      domains: ['example.com', 'example.org'],
      maxPagesPerDomain: 10_000,
      scope: 'DOMAIN',
      name: 'A',
      archive: true,
    })
  })

  test.each([
    ['maxPagesPerDomain', 'many', '“many” is not a number in plain digits.'],
    ['maxPagesPerDomain', '1.5', 'This has to be a whole number.'],
    ['maxPagesPerDomain', '1.000', 'Write 1000, without a dot.'],
    ['maxPagesPerDomain', '1.000.000', 'Write 1000000, without a dot.'],
    ['maxPagesPerDomain', '1,000.000', 'Write 1000000, without a dot.'],
    ['maxPagesPerDomain', '1,00', '“1,00” is not a number in plain digits.'],
    ['maxPagesPerDomain', '1e3', '“1e3” is not a number in plain digits.'],
    ['maxPagesPerDomain', '0x10', '“0x10” is not a number in plain digits.'],
    ['maxPagesPerDomain', '0', 'The least is 1.'],
    ['maxPagesPerDomain', '1000001', 'The most is 1,000,000.'],
    ['people', '[', 'This is not valid JSON.'],
    ['name', '  ', 'This is needed.'],
  ])('%s of %j is an issue', (name, typed, message) => {
    const { input, issues } = readForm(fields, { ...initialValues(fields), name: 'A', [name]: typed })
    expect(issues).toEqual([{ path: [name], message }])
    expect(input).not.toHaveProperty(name)
  })

  test('an input typed into the form reads as the same input', () => {
    fc.assert(
      fc.property(
        fc.record({
          domains: fc.array(fc.stringMatching(/^[a-z.]{1,9}$/), { minLength: 1 }),
          maxPagesPerDomain: fc.integer({ min: 1, max: 1_000_000 }),
          scope: fc.constantFrom('HOST', 'DOMAIN'),
          name: fc.stringMatching(/^[a-z]{1,9}$/),
          archive: fc.boolean(),
          people: fc.array(fc.record({ firstName: fc.string() }), { minLength: 1 }),
        }),
        (input) => {
          expect(readForm(fields, valuesOf(fields, input))).toEqual({ input, issues: [] })
        },
      ),
    )
  })
})

describe('a refusal stands', () => {
  const judged = { domains: 'a', name: 'b' }
  const ofDomains = new Map([['domains', []]])

  test('until the field that it spoke of is edited', () => {
    expect(stillStands(ofDomains, judged, { ...judged, name: 'c' })).toBe(true)
    expect(stillStands(ofDomains, judged, { ...judged, domains: 'c' })).toBe(false)
  })

  test('while one of its fields is as it was', () => {
    const ofBoth = new Map([...ofDomains, ['name', []]])
    expect(stillStands(ofBoth, judged, { ...judged, domains: 'c' })).toBe(true)
    expect(stillStands(ofBoth, judged, { domains: 'c', name: 'c' })).toBe(false)
  })

  test('until anything is edited, where it spoke of no field', () => {
    for (const ofNone of [new Map(), new Map([['', []]])]) {
      expect(stillStands(ofNone, judged, judged)).toBe(true)
      expect(stillStands(ofNone, judged, { ...judged, name: 'c' })).toBe(false)
    }
  })
})

describe('issues of the server at their place', () => {
  const values = { ...initialValues(fields), domains: 'example.com\n\nlocalhost\n ex ample.com ' }

  test('an index names the entry and its line, past blank lines', () => {
    const placed = placeIssues(fields, values, [{ path: ['domains', '2'], message: 'is no domain' }])
    expect(placed.get('domains')).toEqual([{ message: 'is no domain', entry: 'ex ample.com', line: 4 }])
  })

  test('what is only remarked stays a remark', () => {
    const placed = placeIssues(fields, values, [{ path: ['domains', '0'], message: 'odd', mild: true }])
    expect(placed.get('domains')).toEqual([{ message: 'odd', mild: true, entry: 'example.com', line: 1 }])
  })

  test('an issue of the whole field, of an unknown field, and of nothing are kept', () => {
    const placed = placeIssues(fields, values, [
      { path: ['domains'], message: 'too few' },
      { path: ['gone', '0'], message: 'unknown' },
      { path: [], message: 'all wrong' },
    ])
    expect(placed.get('domains')).toEqual([{ message: 'too few' }])
    expect(placed.get('')).toEqual([{ message: 'unknown' }, { message: 'all wrong' }])
  })

  test('an index behind the last entry is an issue of the field', () => {
    expect(placeIssues(fields, values, [{ path: ['domains', '9'], message: 'x' }]).get('domains')).toEqual([
      { message: 'x' },
    ])
  })

  test('refused lines can be taken out, and only they', () => {
    expect(withoutLines(values.domains, new Set([3, 4]))).toBe('example.com\n')
    expect(entriesOf('a\n\nb')).toEqual([
      { entry: 'a', line: 1 },
      { entry: 'b', line: 3 },
    ])
  })
})
