import type { AddressRefusal } from '../address/parse.ts'
import type { Depth, EngineName, Flags, Instant, Reason, Service } from './terms.ts'

/**
 * All that is known about one address when its verdict is made: plain JSON, stored beside the verdict. A part that is missing was not
 * looked at. One object an address: nothing in it is shared with another address or changed afterwards.
 */
export interface Evidence {
  depth: Depth
  engine: EngineName
  /** When the check was made. */
  at: Instant
  /** How often this check has run for this address, this time included; what comes later waits longer each time. */
  tries: number
  text: TextFacts | RefusedText
  suppressed?: boolean
  domain?: DomainFacts
  smtp?: SmtpEvidence
  service?: ServiceEvidence
  bounce?: BounceEvidence
  seen?: Seen
}

/** What the text of an address tells, with the lists that come with the product. */
export interface TextFacts {
  ok: true
  /** Normal form. */
  address: string
  local: string
  /** A-labels. */
  domain: string
  /** What somebody registered, by the public suffix list; null where the domain is itself a public suffix. */
  registrable: string | null
  tldKnown: boolean
  role: boolean
  free: boolean
  disposable: boolean
  plusTag: boolean
  gibberish: boolean
  /** The address with the domain that was meant, where the domain looks like a typing error; else null. */
  suggestion: string | null
}

export interface RefusedText {
  ok: false
  /** As it was given, cut to 400 characters. */
  given: string
  refusal: AddressRefusal
  /** Where in the text the trouble is, in UTF-16 units from 0. */
  position: number
}

/** What is known of a mail domain; stored apart and shared by all its addresses. */
export interface DomainFacts {
  /** A-labels. */
  domain: string
  /** When DNS was asked. */
  at: Instant
  route: MailRoute
  /** By the lists: its own name, or that of a host that takes its mail. */
  disposable: boolean
  /** From a control probe or a service with a clear answer; null as long as there was none. */
  catchAll: CatchAll | null
}

export interface CatchAll {
  /** True: an address that nobody has was accepted. False: it was refused as no mailbox. */
  is: boolean
  at: Instant
}

/** Where the mail of a domain goes. RFC 5321 §5.1; `mailRoute` makes it from DNS answers. */
export type MailRoute =
  /** `mx`: by MX records, the best first. `implicit`: no MX, the domain's own A/AAAA. At least one host has an address to dial. */
  | { kind: 'mx' | 'implicit'; hosts: MxHost[] }
  /** RFC 7505: the domain says that it takes no mail. */
  | { kind: 'null_mx' }
  /** NXDOMAIN. */
  | { kind: 'not_found' }
  /** Neither MX nor A/AAAA, or MX hosts that all do not exist. */
  | { kind: 'no_mail_host'; hosts: MxHost[] }
  /** Every address of every host is one that must not be dialled. */
  | { kind: 'unroutable'; hosts: MxHost[] }
  /** DNS gave no answer: `code` as `SERVFAIL`, `TIMEOUT`, `REFUSED`. */
  | { kind: 'dns_error'; code: string; hosts: MxHost[] }

export interface MxHost {
  /** A-labels, lower case, no dot at the end. */
  host: string
  priority: number
  /** Public addresses, which may be dialled, IPv4 first. */
  addresses: string[]
  /** Private, loopback and other special addresses: never dialled. */
  refused: string[]
  /** DNS error of the look-up of its addresses; null where it was answered. */
  error: string | null
}

/** What mail servers said about one address. */
export interface SmtpEvidence {
  /** From the self-test: `blocked` means that nothing reaches port 25 anywhere from here. */
  port25: 'open' | 'blocked' | 'unknown'
  /** Connections in the order they were made: the next MX follows where one could not be talked to. Empty where none was made. */
  probes: SmtpProbe[]
}

export type SmtpStage = 'greeting' | 'ehlo' | 'helo' | 'mail' | 'rcpt' | 'control' | 'quit'

/**
 * How a connection ended. `completed`: all that was to be asked was answered, or refused for good. `timeout`: silence, or a tarpit;
 * `dropped`: closed or reset before its time; `garbage`: what came is no SMTP, or beyond its limits.
 */
export type SmtpEnd = 'completed' | 'connect_failed' | 'timeout' | 'dropped' | 'garbage'

/** One connection, as far as it concerns one address: no other recipient's name is in it. */
export interface SmtpProbe {
  at: Instant
  host: string
  /** The address dialled; null where there was none to dial. */
  ip: string | null
  end: SmtpEnd
  /** What was being waited for when it ended. */
  stage: SmtpStage
  replies: Partial<Record<SmtpStage, SmtpReply>>
  transcript: TranscriptLine[]
}

export interface SmtpReply {
  code: number
  /** RFC 3463, as `5.1.1`; null where there was none. */
  enhanced: string | null
  /** Without codes; lines joined by a line feed; at most 1,000 characters. */
  text: string
}

export interface TranscriptLine {
  from: 'client' | 'server'
  text: string
}

/** What a service said: the whole body as it came, and how it was read. */
export interface ServiceEvidence {
  service: Service
  at: Instant
  raw: unknown
  said: ServiceFindings
}

export interface ServiceFindings {
  /** One of our reasons; `inconclusive` where the service itself does not know or uses a word we do not. */
  reason: Reason
  flags: Partial<Flags>
  /** A corrected address, where the service gave one. */
  suggestion: string | null
  /** The service's own score, 0 to 100; null where it gave none. Kept, and not mixed with ours. */
  score: number | null
  /** Whether the domain takes mail for any name; null where the service did not say. */
  catchAll: boolean | null
  /** The service's own words for its result, for people: `risky`, `do_not_mail/role_based`. */
  words: string
}

/** A delivery report about a message that was sent to the address. It overrides what a probe said. */
export interface BounceEvidence {
  at: Instant
  /** The status and the diagnostic of the report, read like a reply to RCPT. */
  reply: SmtpReply
}

/** What the score adds for where an address was met. */
export interface Seen {
  ownSite: boolean
  stillOnPage: boolean
  /** Different sources; the first counts nothing extra. */
  sources: number
  patternMatch: boolean
  nameMatch: boolean
  /** Generated or proposed, and never met anywhere. */
  generatedOnly: boolean
  lastSeenAt: Instant | null
}
