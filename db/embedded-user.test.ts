import { expect, test } from 'vitest'

import { asUser, waysOfRoot } from './embedded-user.ts'

test('root tries a namespace first, then nobody, then nobody who may pass closed directories', () => {
  const ways = waysOfRoot(0, 0).map((way) => ({ ...asUser(way, 'postgres', ['-D', '/d']), owner: way.owner }))
  expect(ways.map(({ file, args }) => [file, ...args].join(' '))).toEqual([
    'unshare -U --map-user=65534 --map-group=65534 -- postgres -D /d',
    'postgres -D /d',
    'setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+dac_override --ambient-caps=+dac_override -- postgres -D /d',
  ])
  expect(ways.map(({ options }) => options.uid)).toEqual([undefined, 65534, undefined])
  expect(ways.map(({ owner }) => owner?.uid)).toEqual([undefined, 65534, 65534])
})

test('files that belong to somebody are served as that user', () => {
  expect(waysOfRoot(1000, 100).map(({ owner }) => owner)).toEqual([
    { uid: 1000, gid: 100 },
    { uid: 1000, gid: 100 },
  ])
})

test('the server gets nothing of our environment', () => {
  expect(Object.keys(asUser({ prefix: [] }, 'postgres', []).options.env ?? {})).toEqual(['PATH', 'LC_ALL'])
})
