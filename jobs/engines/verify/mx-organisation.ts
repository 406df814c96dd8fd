import { suffixFacts } from '../address/public-suffix.ts'

/**
 * Who runs a mail host: the unit that limits, circuits and quirks are counted by. One of the names below, else what its owner
 * registered (`mx1.acme.co.uk` → `acme.co.uk`). `host` in lower case, without a dot at the end.
 */
export function mxOrganisation(host: string): string {
  const known = bySuffix.find(([suffix]) => host === suffix.slice(1) || host.endsWith(suffix))
  return known?.[1] ?? suffixFacts(host).registrable ?? host
}

/** The longer suffix before the shorter one it ends in. Suffixes as the organisations' own set-up pages give them. */
const bySuffix: readonly (readonly [suffix: string, organisation: string])[] = [
  // Microsoft: mailboxes of people (outlook.com, hotmail.com, live.com) and of organisations are two services with two ways to answer.
  ['.olc.protection.outlook.com', 'outlook.com'],
  ['.mail.protection.outlook.com', 'microsoft365'],
  ['.mx.microsoft', 'microsoft365'],
  ['.google.com', 'google'],
  ['.googlemail.com', 'google'],
  ['.yahoodns.net', 'yahoo'],
  ['.mail.icloud.com', 'icloud'],
  ['.mimecast.com', 'mimecast'],
  ['.mimecast.co.za', 'mimecast'],
  ['.pphosted.com', 'proofpoint'],
  ['.ppe-hosted.com', 'proofpoint'],
  ['.gpphosted.com', 'proofpoint'],
  ['.messagelabs.com', 'symantec'],
  ['.barracudanetworks.com', 'barracuda'],
  ['.iphmx.com', 'cisco'],
  ['.secureserver.net', 'godaddy'],
  ['.emailsrvr.com', 'rackspace'],
  ['.zoho.com', 'zoho'],
  ['.zoho.eu', 'zoho'],
  ['.protonmail.ch', 'proton'],
  ['.messagingengine.com', 'fastmail'],
  ['.kundenserver.de', 'ionos'],
  ['.ionos.com', 'ionos'],
  ['.ovh.net', 'ovh'],
  ['.yandex.net', 'yandex'],
  ['.yandex.ru', 'yandex'],
  ['.mail.ru', 'mail.ru'],
  ['.qq.com', 'tencent'],
]
