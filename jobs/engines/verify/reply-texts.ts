import type { Reason } from './terms.ts'

/** Words of a reply that tell its meaning where the codes do not. The first that occur count. */
export interface ReplyText {
  /** As `plainWords` writes them, without space around; a `*` at the end lets the last word go on. */
  words: string
  reason: Reason
  /** First digit of the reply; any where it is left out. */
  kind?: 4 | 5
  code?: number
}

/**
 * A text in lower case, without the addresses that are repeated in it (`spam@acme.com` is no spam), all but letters and digits as one
 * space, and a space at both ends.
 */
export function plainWords(text: string): string {
  const without = text.toLowerCase().replace(/<[^<>]*>|[^\s<>()]+@[^\s<>()]+/g, ' ')
  return ` ${without.replace(/[^\p{L}\p{N}]+/gu, ' ').trim()} `
}

/** Whether these words, in the form of `ReplyText`, stand in what `plainWords` made. */
export function hasWords(plain: string, words: string): boolean {
  return plain.includes(words.endsWith('*') ? ` ${words.slice(0, -1)}` : ` ${words} `)
}

function each(reason: Reason, all: string, only: Pick<ReplyText, 'kind' | 'code'> = {}): ReplyText[] {
  return all
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((words) => ({ words, reason, ...only }))
}

/** What a sender can mend. Such replies often say "blocked" too, so these are looked for first. */
export const senderTexts: readonly ReplyText[] = [
  ...each(
    'sender_needs_rdns',
    `reverse dns
    reverse hostname
    reverse host name
    reverse lookup
    reverse mapping
    reverse name
    ptr record
    ptr records
    no ptr
    rdns
    fcrdns`,
  ),
  ...each(
    'sender_needs_tls',
    `starttls
    must use tls
    tls required
    tls is required
    requires tls
    encryption required
    encryption is required`,
  ),
  ...each(
    'sender_needs_spf',
    `spf
    sender policy framework
    openspf
    dmarc`,
  ),
]

/** About the sender, its address or its pace. */
export const policyTexts: readonly ReplyText[] = [
  ...senderTexts,
  ...each(
    'greylisted',
    `greylist*
    graylist*
    grey list*
    gray list*
    postgrey
    not yet authorized`,
    { kind: 4 },
  ),
  ...each(
    'rate_limited',
    `too many recipients
    too many connections
    too many concurrent
    too many messages
    too many errors
    too many emails
    too many mails
    rate limit*
    ratelimit*
    rate exceeded
    exceeded the rate
    throttl*
    too fast
    connection limit
    server busy
    server is busy
    slow down`,
  ),
  // Many a greylist says no more than this; with other codes it is said of full disks too.
  ...each(
    'greylisted',
    `try again later
    try later
    come back later
    please try again`,
    { code: 451 },
  ),
  ...each(
    'blocked_by_policy',
    `spamhaus
    barracudacentral
    spamcop
    sorbs
    abuseat
    uceprotect*
    dnsbl
    rbl
    blacklist*
    black list*
    blocklist*
    block list*
    denylist*
    blocked
    blocking
    banned
    reputation
    policy
    policies
    administrative prohibition
    administratively prohibited
    access denied
    not authorized
    not authorised
    not permitted
    not allowed
    relay access denied
    relaying denied
    relay denied
    relay not permitted
    relaying not allowed
    unable to relay
    spammer
    spamming
    as spam
    anti spam
    antispam
    spam source
    spam message
    spam detected
    unsolicited
    client host rejected
    sender rejected
    sender address rejected
    sender verify*
    sender denied
    helo command rejected
    authentication required
    authentication is required`,
  ),
]

/** About the mailbox; looked for only in a reply to RCPT. In English, and as large providers of other languages write it. */
export const mailboxTexts: readonly ReplyText[] = [
  ...each(
    'mailbox_full',
    `mailbox full
    mailbox is full
    mailbox has exceeded
    inbox is full
    inbox full
    user is over quota
    over quota
    overquota
    over the quota
    out of storage space
    over the maximum quota
    quota exceeded
    quota full
    exceeded quota
    exceeded its quota
    exceeded storage
    exceeds allotted
    insufficient mailbox space
    boite pleine
    postfach voll`,
  ),
  ...each(
    'mailbox_disabled',
    `mailbox disabled
    mailbox is disabled
    mailbox has been disabled
    mailbox inactive
    mailbox is inactive
    mailbox locked
    mailbox is locked
    account disabled
    account is disabled
    account has been disabled
    account suspended
    account is suspended
    account has been suspended
    account inactive
    account is inactive
    account closed
    account that you tried to reach is disabled
    account that you tried to reach is inactive
    user disabled
    user is disabled
    user suspended
    user is suspended
    recipient disabled`,
    { kind: 5 },
  ),
  ...each(
    'mailbox_not_found',
    `user unknown
    unknown user
    unknown or illegal
    user not found
    user is not found
    user does not exist
    user doesn t exist
    no such user
    no such mailbox
    no such recipient
    no such address
    no such account
    no such person
    no such local user
    no mailbox here
    no mailbox by that name
    not our customer
    recipient unknown
    unknown recipient
    recipient not found
    recipient does not exist
    recipient doesn t exist
    recipient not exist*
    recipient address not found
    unknown address
    address unknown
    address does not exist
    address doesn t exist
    address not found
    invalid mailbox
    invalid recipient
    invalid user
    invalid address
    mailbox not found
    mailbox does not exist
    mailbox doesn t exist
    mailbox unavailable
    mailbox not available
    mailbox unknown
    unknown mailbox
    unknown local part
    account does not exist
    account doesn t exist
    account not found
    account that you tried to reach does not exist
    this user doesn t have a
    does not have an account
    not a valid mailbox
    not a valid user
    not a valid recipient
    not a known user
    not known here
    undeliverable address
    unrouteable address
    unroutable address
    does not like recipient
    benutzer unbekannt
    empfänger unbekannt
    utilisateur inconnu
    destinataire inconnu
    destinataire invalide
    usuario desconocido
    utente sconosciuto
    usuário desconhecido
    nie ma takiego użytkownika`,
    { kind: 5 },
  ),
]
