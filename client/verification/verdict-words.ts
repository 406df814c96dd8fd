import type { introspection } from '../graphql-env.d.ts'
import type { Tone } from '../jobs/job-words.ts'

export type VerificationStatus = introspection['types']['VerificationStatus']['enumValues']

/** Each status in words and in the colours of badges and charts, light and dark. */
export const statusWords: Record<VerificationStatus, { label: string; tone: Tone; light: string; dark: string }> = {
  VALID: { label: 'Valid', tone: 'success', light: '#059669', dark: '#34d399' },
  RISKY: { label: 'Risky', tone: 'warning', light: '#d97706', dark: '#fbbf24' },
  INVALID: { label: 'Invalid', tone: 'error', light: '#dc2626', dark: '#f87171' },
  UNKNOWN: { label: 'Unknown', tone: 'neutral', light: '#a1a1aa', dark: '#71717a' },
}

export const statusNames: readonly VerificationStatus[] = ['VALID', 'RISKY', 'INVALID', 'UNKNOWN']

/** fullMailbox → "full mailbox" */
export function wordsOfFlag(flag: string): string {
  return flag.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
}
