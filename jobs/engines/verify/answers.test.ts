import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { answers } from './answers.ts'
import type { Asked, Stored } from './answers.ts'
import { depths, engineNames } from './terms.ts'

const now = new Date('2026-03-01T12:00:00.000Z')
const days = (count: number) => new Date(now.getTime() + count * 86_400_000).toISOString()

describe('a stored verdict', () => {
  type Case = [what: string, stored: Partial<Stored>, asked: Partial<Asked>, answer: boolean]
  it.each<Case>([
    ['answers the same question', {}, {}, true],
    ['answers a shallower one', { depth: 'SMTP' }, { depth: 'DNS' }, true],
    ['answers the shallowest', { depth: 'SMTP' }, { depth: 'SYNTAX' }, true],
    ['does not answer a deeper one', { depth: 'DNS' }, { depth: 'SMTP' }, false],
    ['of text alone does not answer DNS', { depth: 'SYNTAX' }, { depth: 'DNS' }, false],
    ['of a service answers ours', { depth: 'SMTP', engine: 'hunter' }, { depth: 'SMTP' }, true],
    ['of a service answers ours of less depth', { depth: 'SMTP', engine: 'hunter' }, { depth: 'DNS' }, true],
    ['of ours does not answer a service', { depth: 'SMTP' }, { depth: 'SMTP', engine: 'hunter' }, false],
    ['of one service does not answer another', { engine: 'hunter' }, { engine: 'reacher' }, false],
    ['holds for ever', { holdsUntil: null, checkedAt: days(-5000) }, {}, true],
    ['holds until its time', { holdsUntil: days(1 / 86_400_000) }, {}, true],
    ['ends with its time', { holdsUntil: days(0) }, {}, false],
    ['is young enough', { checkedAt: days(-3) }, { maxAgeDays: 3 }, true],
    ['is too old for who asks', { checkedAt: days(-3.01) }, { maxAgeDays: 3 }, false],
    ['of today is none at age 0 a moment later', { checkedAt: days(-0.001) }, { maxAgeDays: 0 }, false],
    ['is passed over by force', {}, { force: true }, false],
  ])('%s', (_what, stored, asked, answer) => {
    const given: Stored = { depth: 'DNS', engine: 'builtin', checkedAt: days(-1), holdsUntil: days(6), ...stored }
    expect(answers(given, { depth: 'DNS', engine: 'builtin', ...asked }, now)).toBe(answer)
  })
})

it('what answers a question answers every shallower one of that engine', () => {
  const anyDepth = fc.constantFrom(...depths)
  const anyEngine = fc.constantFrom(...engineNames)
  fc.assert(
    fc.property(anyDepth, anyEngine, anyDepth, anyEngine, (depth, engine, askedDepth, askedEngine) => {
      const stored: Stored = { depth, engine, checkedAt: days(-1), holdsUntil: null }
      if (!answers(stored, { depth: askedDepth, engine: askedEngine }, now)) return
      for (const shallower of depths.slice(0, depths.indexOf(askedDepth)))
        expect(answers(stored, { depth: shallower, engine: askedEngine }, now)).toBe(true)
    }),
  )
})
