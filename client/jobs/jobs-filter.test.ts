import { expect, test } from 'vitest'

import { ownerChoices, timesOf } from './jobs-filter.ts'

const now = Date.parse('2026-11-26T12:00:00.000Z')

test('spans are counted back from now', () => {
  expect(timesOf('any', '', '', now)).toEqual({})
  expect(timesOf('hour', '', '', now)).toEqual({ createdFrom: '2026-11-26T11:00:00.000Z' })
  expect(timesOf('week', '', '', now)).toEqual({ createdFrom: '2026-11-19T12:00:00.000Z' })
})

test.each([
  ['', ['ada', 'ada'], []],
  ['', [], []],
  ['', ['grace', 'ada', 'grace'], ['All owners', 'ada', 'grace']],
  ['ada', ['ada'], ['All owners', 'ada']],
  ['nobody', [], ['All owners', 'nobody']],
])('with the owner %j chosen and jobs of %j, the choices are %j', (chosen, owners, labels) =>
  expect(ownerChoices(chosen, owners).map(({ label }) => label)).toEqual(labels),
)

test('days are whole ones of the reader, the last included; what is no day means none', () => {
  const { createdFrom, createdTo } = timesOf('between', '2026-11-01', '2026-11-02', now)
  expect(Date.parse(createdTo!) - Date.parse(createdFrom!)).toBe(2 * 86_400_000)
  expect(new Date(createdFrom!).getHours()).toBe(0)
  expect(timesOf('between', '2026-13-99', '', now)).toEqual({ createdFrom: undefined, createdTo: undefined })
})
