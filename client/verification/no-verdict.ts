import { formatCounted } from '../ui/format.ts'

/** Why a verification that has ended has no verdict. `done`: rows that have their fate. */
export function wordsOfNoVerdict(state: string, done: number): string {
  if (state !== 'COMPLETED') return 'The job ended before anything was verified. The Log tab says why.'
  if (done === 0) return 'The list held nothing to verify.'
  return `Nothing of ${formatCounted(done, 'row')} was verified: rows are left out that have no address, or that of somebody on the list of suppressions.`
}
