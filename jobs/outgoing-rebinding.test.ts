import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

/** A process with a network of its own, and nothing in it but what it sets up itself. */
const apart = ['--user', '--map-root-user', '--net', '--']

test('a public name that comes to lead to a private address is not followed there, whether the first answer still holds or not', async ({
  skip,
}) => {
  if (!canBeApart()) return skip('not tested here: it takes a network namespace of its own, on Linux with iproute2')
  const script = join(import.meta.dirname, '../test/support/rebound-host.ts')
  const { stdout } = await promisify(execFile)('unshare', [...apart, process.execPath, script])
  expect(JSON.parse(stdout)).toEqual({
    first: 'from 93.184.216.34',
    atOnce: 'from 93.184.216.34',
    later: { category: 'blocked', address: '127.0.0.1', range: 'loopback' },
    asked: ['93.184.216.34', '93.184.216.34'],
  })
})

function canBeApart(): boolean {
  try {
    execFileSync('unshare', [...apart, 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
