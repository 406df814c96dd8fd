import { expect, test } from 'vitest'

import { evidenceFacts } from './evidence-words.ts'

const host = { host: 'mx.maker-works.com', priority: 10, addresses: ['203.0.113.7'], refused: [], error: null }
const probe = {
  host: 'mx.maker-works.com',
  end: 'completed',
  replies: {
    greeting: { code: 220, enhanced: null, text: 'mx.maker-works.com' },
    rcpt: { code: 550, enhanced: '5.1.1', text: 'No such user' },
    control: { code: 550, enhanced: '5.1.1', text: 'No such user' },
  },
}

test.each([
  [
    'hosts and what they said of the address',
    { domain: { route: { kind: 'mx', hosts: [host] } }, smtp: { probes: [probe] } },
    [
      { label: 'Mail of the domain', lines: ['mx.maker-works.com (203.0.113.7)'] },
      {
        label: 'Asked mx.maker-works.com',
        lines: ['this address: 550 5.1.1 No such user', 'a name that nobody has: 550 5.1.1 No such user'],
      },
    ],
  ],
  [
    'a host that refuses us, and one that is silent',
    {
      smtp: {
        probes: [
          { host: 'a', end: 'completed', replies: { mail: { code: 554, enhanced: '5.7.1', text: 'blocked' } } },
          { host: 'b', end: 'timeout', replies: {} },
        ],
      },
    },
    [
      { label: 'Asked a', lines: ['our sender: 554 5.7.1 blocked'] },
      { label: 'Asked b', lines: ['It did not answer in time.'] },
    ],
  ],
  [
    'a domain that takes no mail',
    { domain: { route: { kind: 'null_mx' } } },
    [{ label: 'Mail of the domain', lines: ['Its MX record says that it takes no mail.'] }],
  ],
  [
    'name servers that fail',
    { domain: { route: { kind: 'dns_error', code: 'SERVFAIL', hosts: [] } } },
    [{ label: 'Mail of the domain', lines: ['Its name servers gave no answer (SERVFAIL).'] }],
  ],
  [
    'a service, and where the address stood',
    { service: { service: 'hunter', said: { words: 'deliverable', score: 97 } }, seen: { sources: 2, ownSite: true } },
    [
      { label: 'Asked hunter', lines: ['deliverable, its score 97'] },
      { label: 'Where it was met', lines: ['2 places, among them its own site.'] },
    ],
  ],
  ['the text alone', { text: { ok: true } }, []],
  ['nothing that is kept', null, []],
  ['what another version wrote', { domain: { route: 'mx' }, smtp: { probes: 'none' }, seen: 7 }, []],
])('%s', (_what, evidence, facts) => expect(evidenceFacts(evidence)).toEqual(facts))
