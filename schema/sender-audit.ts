import type { AuditCheck } from '../jobs/engines/verify/sender-audit.ts'
import { auditSenderNow, lastSenderAudit, type SenderAudit as Audit } from '../jobs/sender-audit/audit.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { NotConfiguredType, orRefused, resultType } from './errors.ts'

const SenderCheckName = builder.enumType('SenderCheckName', {
  description: 'What mail servers look at in those who ask them.',
  values: {
    HELO: { value: 'helo', description: 'The name in EHLO is a whole name that DNS knows.' },
    PTR: { value: 'ptr', description: 'The address behind it has a name in DNS, which leads back to it.' },
    SPF: { value: 'spf', description: "SPF of the envelope sender's domain names that address." },
    PORT25: { value: 'port25', description: 'Connections to mail hosts get out of this network.' },
  } as const,
})

const SenderCheckState = builder.enumType('SenderCheckState', {
  description: 'How something stands.',
  values: {
    GOOD: { description: 'As it should be.' },
    BAD: { description: 'Mail servers will refuse to answer, or say less than they know.' },
    UNKNOWN: { description: 'It could not be told.' },
  } as const,
})

const SenderCheck = builder.objectRef<AuditCheck>('SenderCheck').implement({
  description: 'One thing that mail servers look at in us.',
  fields: (t) => ({
    name: t.field({ type: SenderCheckName, description: 'What it is.', resolve: ({ name }) => name }),
    state: t.field({ type: SenderCheckState, description: 'How it stands.', resolve: ({ state }) => state }),
    message: t.exposeString('message', { description: 'What was found, and what to do about it, for people.' }),
  }),
})

const SenderAudit = builder.objectRef<Audit>('SenderAudit').implement({
  description: 'What mail servers will think of us when they are asked about mailboxes.',
  fields: (t) => ({
    helo: t.exposeString('helo', { description: 'Our name to them: `SMTP_HELO`.' }),
    mailFrom: t.exposeString('mailFrom', { description: 'Our envelope sender: `SMTP_MAIL_FROM`.' }),
    auditedAt: t.expose('auditedAt', { type: 'DateTime', description: 'When it was found out.' }),
    checks: t.field({
      type: [SenderCheck],
      description: 'Each thing that they look at.',
      resolve: ({ checks }) => checks,
    }),
  }),
})

const AuditSenderResult = builder.unionType('AuditSenderResult', {
  description: 'What comes of a look at ourselves.',
  types: [SenderAudit, NotConfiguredType],
  resolveType: resultType('SenderAudit'),
})

builder.queryField('senderAudit', (t) =>
  t.field({
    type: SenderAudit,
    nullable: true,
    description:
      'What was found when somebody looked last: a verification at depth SMTP does so before its first probe, once a day. Null where nobody has, or where it is not set who we are.',
    resolve: (_root, _args, context) => lastSenderAudit(depsOf(context)),
  }),
)

builder.mutationField('auditSender', (t) =>
  t.field({
    type: AuditSenderResult,
    description:
      'Looks now, as after DNS was mended: asks DNS about our own names, and the mail host of our own domain for its greeting. Takes some seconds.',
    resolve: (_root, _args, context) =>
      orRefused(() => auditSenderNow(depsOf(context), AbortSignal.timeout(longestMs))),
  }),
)

const longestMs = 60_000

function depsOf({ engine: { db, settings, log } }: Context) {
  return { db, settings, log, now: () => new Date() }
}
