import { expect, test } from 'vitest'

import { uploadFailure, wordsOfUnsent } from './upload-failure.ts'

const answered = (status: number, body = '') =>
  Object.assign(new Error('tus: unexpected response'), {
    originalResponse: { getStatus: () => status, getBody: () => body },
  })

test.each([
  ['a cut line', new Error('tus: failed to upload chunk')],
  ['a line that was cut before an answer', Object.assign(new Error('x'), { originalResponse: null })],
  ['a server that goes down', answered(503)],
  ['a server that knows more bytes', answered(409, '{"message":"The upload goes on at byte 7: HEAD tells."}')],
])('goes on by itself after %s', (_what, error) => {
  expect(uploadFailure(error)).toBeUndefined()
})

test.each([
  [507, '{"message":"The disk of the server is full."}', 'The disk of the server is full.'],
  [413, '{"message":"There are more bytes than the upload has left: 3."}', /more bytes/],
  [410, 'gone', 'The server answered 410.'],
  [401, '', /Log in/],
])('says why it cannot after %i', (status, body, words) => {
  expect(uploadFailure(answered(status, body))).toMatch(words)
})

test('whoever waits for a file is told whether it comes by itself', () => {
  expect(wordsOfUnsent('sending', 'It can start')).toBe('It can start once the file is there.')
  expect(wordsOfUnsent('failed', 'It can start')).toBe('Choose another file, or take this one out.')
  expect(wordsOfUnsent(false, 'It can start')).toBe('')
})
