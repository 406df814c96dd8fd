import { expect, test } from 'vitest'

import type { TextFacts } from './evidence.ts'
import { isNamedAfter, seenOf } from './seen.ts'
import { textFacts } from './text-facts.ts'

test.each<[local: string, person: string, is: boolean]>([
  ['ada', 'Ada Lovelace', true],
  ['lovelace', 'Ada Lovelace', true],
  ['ada.lovelace', 'Ada Lovelace', true],
  ['lovelace_ada', 'Dr. Ada King Lovelace', true],
  ['alovelace', 'Ada Lovelace', true],
  ['adal', 'Ada Lovelace', true],
  ['lovelacea', 'Ada Lovelace', true],
  ['zoe.mueller', 'Zoe Mueller', true],
  ['jose.nunez+news', 'José Núñez', true],
  ['info', 'Ada Lovelace', false],
  ['ad', 'Ada Lovelace', false],
  ['ada.byron', 'Ada Lovelace', false],
  ['a', 'A Person', false],
])('%s is named after %s: %s', (local, person, is) => {
  expect(isNamedAfter(local, person)).toBe(is)
})

const text = textFacts('ada@mail.firm.co.uk') as TextFacts
const seen = {
  sources: 2,
  lastSeenAt: new Date('2026-01-02T03:04:05Z'),
  generatedOnly: false,
  hosts: ['www.firm.co.uk', 'directory.com'],
  hostsStill: ['directory.com'],
  names: [],
}

test('the site of its own registrable domain is its own, and counts where it still stands', () => {
  expect(seenOf(text, seen)).toMatchObject({ ownSite: true, stillOnPage: false, sources: 2 })
  expect(seenOf(text, { ...seen, hostsStill: ['www.firm.co.uk'] })).toMatchObject({ ownSite: true, stillOnPage: true })
  expect(seenOf(text, { ...seen, hosts: ['other.co.uk'], hostsStill: [] })).toMatchObject({ ownSite: false })
  expect(seenOf(text, seen).lastSeenAt).toBe('2026-01-02T03:04:05.000Z')
})
