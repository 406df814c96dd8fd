import type { DnsAnswer, MxRecord } from '../engines/verify/mail-route.ts'
import { openResolver } from '../outgoing-dns.ts'
import { answerOf } from '../verify-emails/ask-domain.ts'
import { reverseName } from './reverse-name.ts'

/** What DNS says of those who send mail. */
export interface SenderDns {
  a(host: string): Promise<DnsAnswer<string>>
  aaaa(host: string): Promise<DnsAnswer<string>>
  mx(domain: string): Promise<DnsAnswer<MxRecord>>
  /** Each record whole. */
  txt(name: string): Promise<DnsAnswer<string>>
  /** Names of an address. Unlike `reverse` of Node it does not believe /etc/hosts. */
  ptr(address: string): Promise<DnsAnswer<string>>
}

/** The system's resolvers unless others are named, as `address` or `address:port`. */
export function openSenderDns(servers: readonly string[] = []): SenderDns {
  const resolver = openResolver(servers)
  return {
    a: (host) => answerOf(resolver.resolve4(host)),
    aaaa: (host) => answerOf(resolver.resolve6(host)),
    mx: (domain) => answerOf(resolver.resolveMx(domain)),
    txt: (name) => answerOf(resolver.resolveTxt(name).then((records) => records.map((pieces) => pieces.join('')))),
    ptr: (address) => answerOf(resolver.resolvePtr(reverseName(address))),
  }
}
