import { expect, it } from 'vitest'

import { mxOrganisation } from './mx-organisation.ts'

it.each([
  ['aspmx.l.google.com', 'google'],
  ['gmail-smtp-in.l.google.com', 'google'],
  ['aspmx2.googlemail.com', 'google'],
  ['acme-com.mail.protection.outlook.com', 'microsoft365'],
  ['acme-com.a-v1.mx.microsoft', 'microsoft365'],
  ['outlook-com.olc.protection.outlook.com', 'outlook.com'],
  ['mta7.am0.yahoodns.net', 'yahoo'],
  ['eu-smtp-inbound-1.mimecast.com', 'mimecast'],
  ['mx0a-00000001.pphosted.com', 'proofpoint'],
  ['mx01.mail.icloud.com', 'icloud'],
  ['mx1.mail.acme.co.uk', 'acme.co.uk'],
  ['mx.notgoogle.com', 'notgoogle.com'],
  ['google.com', 'google'],
  ['google.com.acme.com', 'acme.com'],
  ['mail', 'mail'],
])('%s is run by %s', (host, organisation) => {
  expect(mxOrganisation(host)).toBe(organisation)
})
