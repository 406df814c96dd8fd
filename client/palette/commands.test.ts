import { expect, test } from 'vitest'

import { rankCommands } from './commands.ts'

const commands = ['New job', 'Jobs', 'Dark theme', 'Theme of the system'].map((label) => ({
  label,
  group: label.includes('heme') ? 'Theme' : 'Go to',
  icon: '',
  run() {},
}))
const found = (typed: string) => rankCommands(commands, typed).map(({ label }) => label)

test('what begins so comes first, all words have to be there, and nothing typed is everything', () => {
  expect(found('jo')).toEqual(['New job', 'Jobs'])
  expect(found('the')).toEqual(['Dark theme', 'Theme of the system'])
  expect(found('theme dark')).toEqual(['Dark theme'])
  expect(found('go to new')).toEqual(['New job'])
  expect(found('zebra')).toEqual([])
  expect(found(' ')).toHaveLength(4)
})
