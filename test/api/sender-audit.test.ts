import { expect, test } from 'vitest'

import { startApi } from '../support/api.ts'
import { startDns } from '../support/dns.ts'
import { testDatabase } from '../support/postgres.ts'
import { soundSender } from '../support/sender-checks.ts'

const database = await testDatabase()
const audit = 'helo mailFrom auditedAt checks { name state message }'
const now = `mutation { auditSender { ... on SenderAudit { ${audit} } ... on NotConfigured { code settings } } }`

test('without a name to introduce ourselves by there is nothing to look at', async () => {
  await using api = await startApi(database)
  expect(await api.data(`{ senderAudit { ${audit} } }`)).toEqual({ senderAudit: null })
  expect(await api.data(now)).toEqual({
    auditSender: { code: 'NOT_CONFIGURED', settings: ['SMTP_HELO', 'SMTP_MAIL_FROM'] },
  })
})

test('a look at ourselves is kept, for all to see', async () => {
  await using dns = await startDns({
    zone: soundSender({ address: '198.20.1.9', name: 'probe.sender.com', domain: 'sender.com' }),
  })
  dns.zone.set('sender.com', { txt: ['v=spf1 -all'] })
  const smtp = { helo: 'probe.sender.com', mailFrom: 'probe@sender.com', port: 25 }
  await using api = await startApi(database, { settings: { dnsServers: [dns.server], smtp } })
  expect(await api.data(`{ senderAudit { ${audit} } }`)).toEqual({ senderAudit: null })
  const { auditSender } = await api.data<{ auditSender: object }>(now)
  expect(auditSender).toMatchObject({
    helo: smtp.helo,
    mailFrom: smtp.mailFrom,
    checks: [
      { name: 'HELO', state: 'GOOD' },
      { name: 'PTR', state: 'GOOD' },
      { name: 'SPF', state: 'BAD' },
      { name: 'PORT25', state: 'UNKNOWN' },
    ],
  })
  expect(await api.data(`{ senderAudit { ${audit} } }`)).toEqual({ senderAudit: auditSender })
})
