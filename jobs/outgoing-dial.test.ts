import { describe, expect, test } from 'vitest'

import { failure, get, outgoingBench, text, toLoopback } from '../test/support/outgoing-bench.ts'

const { outgoing, site } = outgoingBench()

describe('the guard', () => {
  test.each([
    'http://10.0.0.1/',
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[fe80::1]/',
    'http://0.0.0.0/',
    'https://192.168.1.1:8443/',
    'http://224.0.0.1/',
    'http://203.0.113.9/',
    'http://example.com:25/',
    'http://example.com:6667/',
  ])('does not dial %s', async (url) => {
    expect(await failure(outgoing({ allowHosts: [] }), url)).toMatchObject({ category: 'blocked' })
  })

  test.each([['127.0.0.1'], ['::1'], ['::ffff:127.0.0.1'], ['10.1.2.3'], ['64:ff9b::7f00:1']])(
    'does not dial a name that resolves to %s',
    async (address) => {
      const { url, requests, port } = await site({ '/': 'secret' })
      const client = outgoing({ allowHosts: ['inside.test:1'], resolve: async () => [address] })
      expect(await failure(client, `http://inside.test:${port}/`)).toMatchObject({
        category: 'blocked',
        details: { address },
      })
      expect(await failure(client, `https://inside.test:${port}/`)).toMatchObject({ category: 'blocked' })
      expect(await failure(client, url)).toMatchObject({ category: 'blocked' })
      expect(requests).toHaveLength(0)
    },
  )

  test('tells where a host is dialled, and why it is not', async () => {
    const signal = new AbortController().signal
    const resolve = async (name: string) => (name === 'mine.test' ? ['127.0.0.1'] : ['10.0.0.1'])
    const client = outgoing({ allowHosts: ['mine.test'], resolve })
    expect(await client.addressOf('http://mine.test/', signal)).toBe('127.0.0.1')
    await expect(client.addressOf('http://yours.test/', signal)).rejects.toMatchObject({ category: 'blocked' })
    const slow = outgoing({ resolve: () => new Promise(() => {}), limits: { connectMs: 50 } })
    await expect(slow.addressOf('http://slow.test/', signal)).rejects.toMatchObject({ category: 'timeout' })
    const stopped = AbortSignal.abort(new Error('job paused'))
    await expect(slow.addressOf('http://slow.test/', stopped)).rejects.toThrow('job paused')
  })

  test('lets listed hosts through, by name, address and port', async () => {
    const { url, port } = await site({ '/': 'mine' })
    const byPort = outgoing({ allowHosts: [`127.0.0.1:${port}`, `mine.test:${port}`], resolve: toLoopback })
    expect(text((await get(byPort, `${url}/`)).body)).toBe('mine')
    expect(text((await get(byPort, `http://mine.test:${port}/`)).body)).toBe('mine')
    expect(text((await get(byPort, `http://2130706433:${port}/`)).body)).toBe('mine')
    expect(await failure(byPort, `http://yours.test:${port}/`)).toMatchObject({ category: 'blocked' })
    expect(await failure(byPort, 'http://127.0.0.1:1/')).toMatchObject({ category: 'blocked' })
    const anyPort = outgoing({ allowHosts: ['mine.test'], resolve: toLoopback })
    expect(text((await get(anyPort, `http://mine.test:${port}/`)).body)).toBe('mine')
  })
})
