import { expect, test } from 'vitest'

import { createAuth, localOwner } from './auth.ts'

const token = 'a-token-of-forty-characters-or-the-like'
const from = { address: '127.0.0.1', secure: false }

test('without a token everybody is let in', () => {
  const auth = createAuth(undefined)
  expect(auth.required).toBe(false)
  expect(auth.viewer({})).toEqual({ owner: localOwner })
})

test.each([
  ['the token', { authorization: `Bearer ${token}` }, true],
  ['the token, the scheme in small letters', { authorization: `bearer ${token}` }, true],
  ['another token', { authorization: `Bearer ${token}x` }, false],
  ['an empty token', { authorization: 'Bearer ' }, false],
  ['another scheme', { authorization: `Basic ${token}` }, false],
  ['the token as a cookie', { cookie: `mailquarry_session=${token}` }, false],
  ['nothing', {}, false],
])('with a token, %s', (_what, headers, letIn) => {
  expect(createAuth(token).viewer(headers) !== undefined).toBe(letIn)
})

test('the token is changed for a cookie that scripts cannot read and that does not hold it', () => {
  const auth = createAuth(token)
  const result = auth.logIn(token, from)
  if (typeof result === 'string') throw new Error(result)
  expect(result.cookie).toMatch(/^mailquarry_session=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/)
  expect(result.cookie).not.toContain(token)
  const cookie = result.cookie.split(';')[0]!
  expect(auth.viewer({ cookie: `theme=dark; ${cookie}; other=1` })).toBeDefined()
  expect(createAuth('another token').viewer({ cookie })).toBeUndefined()
  expect(auth.logIn(token, { ...from, secure: true })).toMatchObject({
    cookie: expect.stringMatching(/; Secure$/) as string,
  })
})

test('after 10 wrong tokens in a minute an address has to wait, others do not', () => {
  const auth = createAuth(token)
  for (let i = 0; i < 10; i++) expect(auth.logIn('wrong', from)).toBe('wrong')
  expect(auth.logIn(token, from)).toBe('too many tries')
  expect(auth.logIn(token, { ...from, address: '127.0.0.2' })).toHaveProperty('cookie')
})
