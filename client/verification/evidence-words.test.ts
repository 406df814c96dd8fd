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
      { label: 'Mail of the domain', lines: ['mx.maker-works.com (203.0.113.7), preference 10'] },
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
  [
    'what was said, word by word',
    {
      smtp: {
        probes: [
          {
            host: 'a',
            ip: '203.0.113.7',
            end: 'dropped',
            replies: { ehlo: { code: 550, enhanced: null, text: 'go away' } },
            transcript: [
              { from: 'server', text: '220 a' },
              { from: 'client', text: 'EHLO us' },
              { from: 'server', text: '550 go away' },
            ],
          },
        ],
      },
    },
    [
      {
        label: 'Asked a (203.0.113.7)',
        lines: ['our name: 550 go away', 'It hung up.'],
        dialogue: [
          { ours: false, text: '220 a' },
          { ours: true, text: 'EHLO us' },
          { ours: false, text: '550 go away' },
        ],
      },
    ],
  ],
  [
    'hosts that are private or have no address, and what is known of the domain',
    {
      domain: {
        domain: 'maker-works.com',
        route: {
          kind: 'mx',
          hosts: [
            { host: 'a', priority: 5, addresses: [], refused: ['10.0.0.1'], error: null },
            { host: 'b', priority: 9, addresses: [], refused: [], error: 'SERVFAIL' },
          ],
        },
        disposable: true,
        catchAll: { is: true, at: '2026-11-27T10:00:00.000Z' },
      },
    },
    [
      {
        label: 'Mail of maker-works.com',
        lines: [
          'a (10.0.0.1, which is private), preference 5',
          'b (no address: SERVFAIL), preference 9',
          'It is a provider of throw-away addresses.',
          'It takes mail for names that nobody has.',
        ],
      },
    ],
  ],
  [
    'all that a service answered',
    {
      service: {
        service: 'hunter',
        said: { words: 'risky', score: null },
        raw: { data: { result: 'risky', accept_all: true, sources: [{ uri: 'x' }], regexp: null, tags: ['a', 'b'] } },
      },
    },
    [
      {
        label: 'Asked hunter',
        lines: ['risky', 'Result: risky', 'Accept all: true', 'Sources, 0, Uri: x', 'Tags: a, b'],
      },
    ],
  ],
  [
    'a text that is no address, one on the list of suppressions, and a delivery report',
    {
      text: { ok: false, given: 'a b', refusal: 'no_at', position: 1 },
      suppressed: true,
      bounce: { reply: { code: 550, enhanced: '5.1.1', text: 'gone' } },
    },
    [
      { label: 'As it was given', lines: ['a b'] },
      { label: 'List of suppressions', lines: ['It stands there.'] },
      { label: 'Delivery report', lines: ['550 5.1.1 gone'] },
    ],
  ],
  ['the text alone', { text: { ok: true } }, []],
  ['nothing that is kept', null, []],
  ['what another version wrote', { domain: { route: 'mx' }, smtp: { probes: 'none' }, seen: 7 }, []],
])('%s', (_what, evidence, facts) =>
  expect(evidenceFacts(evidence)).toEqual(facts.map((fact) => ({ dialogue: [], ...fact }))),
)
