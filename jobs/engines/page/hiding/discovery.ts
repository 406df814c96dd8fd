import type { Method } from '../found-email.ts'
import type { Admitted } from '../spelling/admission.ts'

/** What a page says of whoever reads an address. */
export interface PersonFacts {
  personName?: string
  position?: string
  phone?: string
  organisation?: string
}

/** An address found somewhere else than in visible text. */
export interface Discovery {
  admitted: Admitted
  method: Method
  /** Where it was got from, if that is no visible text. */
  snippet?: string
  person?: PersonFacts
  doubt?: 'copy' | 'guessed-pair' | 'hidden-field' | 'bare-link'
}

export type Tell = (discovery: Discovery) => void
