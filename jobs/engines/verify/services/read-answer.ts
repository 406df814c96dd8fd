import type { Service } from '../terms.ts'
import type { HttpAnswer, ServiceAnswer } from './answer.ts'
import { readHunter } from './hunter.ts'
import { readMailsso } from './mailsso.ts'
import { readNeverbounce } from './neverbounce.ts'
import { readReacher } from './reacher.ts'
import { readZerobounce } from './zerobounce.ts'

/** Reads a service's answer about one address. Never throws, whatever came. */
export function readAnswer(service: Service, answer: HttpAnswer): ServiceAnswer {
  return readers[service](answer)
}

const readers: Record<Service, (answer: HttpAnswer) => ServiceAnswer> = {
  mailsso: readMailsso,
  hunter: readHunter,
  zerobounce: readZerobounce,
  neverbounce: readNeverbounce,
  reacher: readReacher,
}
