import type { ArgBuilder } from '@pothos/core'

import { ValidationError } from '../jobs/refusals.ts'
import type { builder } from './builder.ts'

/** The argument of every mutation that starts a job. */
export function idempotencyKeyArg(t: ArgBuilder<(typeof builder)['$inferSchemaTypes']>) {
  return t.string({
    description:
      'A word of your own, such as a UUID. Sent again with the same input it returns the first job instead of starting a second; with another input it is refused.',
  })
}

/** A key is kept in an index, which takes no text of any length. Throws ValidationError. */
export function usableKey(key: string | null | undefined): string | null {
  if (key == null || /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(key)) return key ?? null
  const message = 'An idempotency key has 1 to 200 characters, none of them a control character.'
  throw new ValidationError([{ path: ['idempotencyKey'], message, code: 'invalid_key' }])
}
