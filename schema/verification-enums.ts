import { type Depth, type EngineName, type Reason } from '../jobs/engines/verify/terms.ts'
import { builder } from './builder.ts'
import { enumName } from './kind-schema.ts'

export const VerificationStatus = builder.enumType('VerificationStatus', {
  description: 'Whether mail to an address would arrive.',
  values: {
    VALID: { description: 'It would.' },
    RISKY: { description: 'It may, or should better not be sent: the reason says which.' },
    INVALID: { description: 'It would not.' },
    UNKNOWN: { description: 'Nothing is known for sure at this depth.' },
  } as const,
})

const depthMeanings: Record<Depth, string> = {
  SYNTAX: 'The text alone.',
  DNS: 'The text, and where the mail of the domain goes.',
  SMTP: 'What a mail server, or a service, says about the mailbox.',
}

export const VerificationDepth = enumOf('VerificationDepth', 'How far a check went.', depthMeanings)

const engineMeanings: Record<EngineName, string> = {
  builtin: 'This program itself.',
  mailsso: 'Mails.so.',
  hunter: 'Hunter.',
  zerobounce: 'ZeroBounce.',
  neverbounce: 'NeverBounce.',
  reacher: 'A Reacher of your own.',
}

export const VerificationEngine = enumOf('VerificationEngine', 'Who found out.', engineMeanings)

const reasonMeanings: Record<Reason, string> = {
  syntax_invalid: 'It is no address.',
  local_too_long: 'What stands before the @ is longer than mail allows.',
  tld_unknown: 'It ends in a top-level domain that does not exist.',
  suppressed: 'It is on the suppression list: nothing is asked and nothing is sent.',
  legal_refusal: 'A service must not speak of it, since the person objected.',
  domain_not_found: 'The domain does not exist.',
  null_mx: 'The domain says that it takes no mail (RFC 7505).',
  no_mail_host: 'The domain has no host that takes mail.',
  unroutable_mx: 'Its mail hosts are not on the public Internet.',
  typo_domain: 'The domain looks like a typing error; the suggestion says what was meant.',
  dns_error: 'The name servers of the domain gave no answer.',
  spamtrap: 'A service knows it as a trap for senders of spam.',
  abuse: 'A service knows it for complaints.',
  toxic: 'A service advises against it.',
  disposable: 'It is at a provider of throw-away addresses.',
  mailbox_not_found: 'There is no such mailbox.',
  mailbox_disabled: 'The mailbox is closed.',
  mailbox_full: 'The mailbox is full.',
  catch_all: 'Its domain takes mail for any name, so nothing is known of this one.',
  mailbox_accepted: 'The mail server takes mail for it, and refuses a name that nobody has.',
  greylisted: 'The mail server asked to come back later.',
  rate_limited: 'The mail server asked to go slower.',
  blocked_by_policy: 'The mail server does not talk to us: it says nothing about the mailbox.',
  sender_needs_rdns: 'The mail server wants our address to have a name in DNS.',
  sender_needs_tls: 'The mail server wants an encrypted connection.',
  sender_needs_spf: 'The mail server wants our domain to have an SPF record.',
  connect_failed: 'None of its mail hosts could be reached.',
  timeout: 'The mail server did not answer in time.',
  dropped: 'The mail server hung up.',
  port25_blocked: 'Nothing gets out of this network by port 25.',
  provider_unprobeable: 'Its provider gives answers that tell nothing, so it was not asked.',
  inconclusive: 'What was answered says nothing that can be read.',
  domain_accepts_mail: 'The domain takes mail; the mailbox was not asked about.',
  syntax_ok: 'It is an address; nothing else was asked about.',
}

export const VerificationReason = enumOf(
  'VerificationReason',
  'Why a verdict is what it is: of several reasons the first of this list.',
  reasonMeanings,
)

/** An enum whose values are in capitals outside and as they are stored inside. */
function enumOf<Value extends string>(name: string, description: string, meanings: Record<Value, string>) {
  const values = Object.entries<string>(meanings).map(([value, meaning]) => [
    enumName(value),
    { value, description: meaning },
  ])
  return builder.enumType(name, {
    description,
    values: Object.fromEntries(values) as Record<string, { value: Value; description: string }>,
  })
}
