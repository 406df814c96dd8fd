import { expect, test } from 'vitest'

import { matchKey } from './shortcuts.ts'

const shortcuts = ['g j', 'g a', 'n', '?'].map((keys) => ({ keys, says: '', run() {} }))
const press = (...keys: string[]) => {
  let pressed = ''
  let done: string | undefined
  for (const key of keys) {
    const found = matchKey(shortcuts, pressed, key)
    pressed = found.pressed
    done = found.shortcut?.keys
  }
  return done
}

test.each([
  [['n'], 'n'],
  [['g', 'j'], 'g j'],
  [['g', 'a'], 'g a'],
  [['g', 'n'], 'n'],
  [['g', 'x', 'j'], undefined],
  [['g', 'g', 'j'], 'g j'],
  [['j'], undefined],
])('%o is %s', (keys, done) => {
  expect(press(...keys)).toBe(done)
})
