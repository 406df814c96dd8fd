import { z } from 'zod'

import { type Depth, depths, engineNames } from '../engines/verify/terms.ts'
import type { InputIssue } from '../refusals.ts'

const mostPasted = 100_000

export const verifyInput = z
  .object({
    emails: z
      .array(z.string())
      .max(mostPasted)
      .optional()
      .meta({
        title: 'Addresses',
        description: 'Addresses to verify, one a line. What is no address comes back as such, with the reason.',
        examples: [['ada@example.com', 'grace@example.org']],
      }),
    depth: z
      .enum(depths)
      .optional()
      .meta({
        title: 'Depth',
        description:
          'How far a check goes: the text alone, the mail servers of the domain in DNS, or a talk with the mail server. DNS unless told; a service other than builtin is always asked about the mailbox itself.',
        examples: ['DNS'],
      }),
    service: z
      .enum(engineNames)
      .default('builtin')
      .meta({
        title: 'Service',
        description:
          'Who finds out about mailboxes: builtin is this program itself, the others are services that cost.',
        examples: ['builtin'],
      }),
    maxAgeDays: z
      .number()
      .int()
      .min(0)
      .max(3_650)
      .optional()
      .meta({
        title: 'Not older than, in days',
        description:
          'A stored verdict answers only where it is not older than this. Empty: for as long as it holds, which depends on what it says.',
        examples: [30],
      }),
    force: z
      .boolean()
      .default(false)
      .meta({
        title: 'Check again',
        description:
          'Checks every address anew, although there is a verdict that holds. Each address once a job all the same.',
        examples: [false],
      }),
  })
  .refine(({ emails = [] }) => emails.some((email) => email.trim() !== ''), {
    path: ['emails'],
    error: 'Give at least one address.',
  })

export type VerifyInput = z.infer<typeof verifyInput>

/** Whom to ask, how far: a service is asked about mailboxes. */
export function depthOf({ depth, service }: Pick<VerifyInput, 'depth' | 'service'>): Depth {
  return service === 'builtin' ? (depth ?? 'DNS') : 'SMTP'
}

export function checkVerifyInput({ depth, service }: VerifyInput): InputIssue[] {
  if (service === 'builtin' || depth === undefined || depth === 'SMTP') return []
  const message = `${service} is asked about mailboxes, which is depth SMTP; leave the depth out or take the service builtin.`
  return [{ path: ['depth'], message, code: 'depth_of_service' }]
}

/** `ada@example.com and 2 more`. */
export function verifyTitle({ emails = [] }: VerifyInput): string {
  const first = (emails.find((email) => email.trim() !== '') ?? '').trim()
  const short = first.length > 80 ? `${first.slice(0, 79).toWellFormed()}…` : first
  return emails.length > 1 ? `${short} and ${emails.length - 1} more` : short
}
