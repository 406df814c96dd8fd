import { expect, test } from 'vitest'

import { addressLikeTokens } from './tokens.ts'

test.each<[text: string, tokens: string[]]>([
  ['Write to <Anna.Berg@firm.com>, please.', ['anna.berg@firm.com']],
  ['(a@firm.com,b@firm.com); "c@firm.com".', ['a@firm.com', 'b@firm.com', 'c@firm.com']],
  ['anna＠firm.com', ['anna@firm.com']],
  ['See https://anna@firm.com/x@y.com and ssh://git@host.com.', []],
  ['root@localhost, @handle, 5 @ 3.50, stash@{1.day}', []],
  ['anna [at] firm.com', ['anna [at] firm.com']],
  ['anna (at) firm (dot) com', ['anna (at) firm (dot) com']],
  ['anna AT firm DOT com', ['anna at firm dot com']],
  ['anna arobase firm point com', ['anna arobase firm point com']],
  ['at which point it fails', []],
  ['发送给anna@firm.com', ['发送给anna@firm.com']],
  ['jörg@grün.de', ['jörg@grün.de']],
])('%j holds %j', (text, tokens) => {
  expect([...addressLikeTokens(text)]).toEqual(tokens)
})
