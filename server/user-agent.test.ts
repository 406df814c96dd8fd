import { expect, test } from 'vitest'

import { productToken } from '../jobs/crawl-site/robots-of-host.ts'
import { parseRobots } from '../jobs/engines/crawl/robots.ts'
import { userAgentOf } from './user-agent.ts'

test('sites are told who asks and where to complain', () => {
  const contact = 'https://acme.example/crawler'
  expect(userAgentOf({ userAgentContact: contact })).toBe(`Mailquarry/0.1 (+${contact})`)
  expect(userAgentOf({ userAgentContact: '' })).toBe('Mailquarry/0.1')
})

test('robots.txt that names what sites are told is obeyed', () => {
  const [name] = userAgentOf({ userAgentContact: '' }).split('/')
  const { decide } = parseRobots(Buffer.from(`User-agent: ${name}\nDisallow: /`), productToken)
  expect(decide('https://acme.example/').allowed).toBe(false)
})
