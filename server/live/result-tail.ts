import { compareResultKeys, type ResultKey, resultKeyOf, type ResultRow } from '../../db/result-list.ts'
import type { ResultBatch } from '../../schema/live-feed.ts'

/** So many results of a watched job stay in memory; who is further behind reads them from their table. */
const keptResults = 2_000

interface Span {
  /** What its results stand behind. */
  after: ResultKey
  batch: ResultBatch
}

/** The last results of a job that is watched, in the batches in which they are told to all. */
export class ResultTail {
  /** All results up to there are known here; those behind have yet to be told. */
  last: ResultKey
  /** Up to there has been looked, maybe without finding any. */
  seen: ResultKey
  /** Told when the job has ended and all its results have been; undefined while it goes on. */
  ended: ResultBatch | undefined
  followers = 0
  #spans: Span[] = []
  #kept = 0

  constructor(start: ResultKey) {
    this.last = start
    this.seen = start
  }

  /** Takes in what was found behind `seen`, up to `upTo`. True where there is news. */
  takeIn(results: ResultRow[], upTo: ResultKey): boolean {
    this.seen = upTo
    if (results.length === 0) return false
    this.#spans.push({ after: this.last, batch: { results, cursor: upTo, ended: false } })
    this.#kept += results.length
    while (this.#kept > keptResults && this.#spans.length > 1) this.#kept -= this.#spans.shift()!.batch.results.length
    this.last = upTo
    this.ended = undefined
    return true
  }

  /** Takes in whether the job has ended. True where that is news. Call it when all its results have been taken in. */
  end(ended: boolean): boolean {
    if (ended === (this.ended !== undefined)) return false
    this.ended = ended ? { results: [], cursor: this.seen, ended: true } : undefined
    return ended
  }

  /** What was told may have changed: who is behind reads it from the table. */
  letGo(): void {
    this.#spans = []
    this.#kept = 0
  }

  /** What comes next behind a key: the same batch for all who have come equally far. `read`: only the table has it. */
  next(after: ResultKey): ResultBatch | 'read' | undefined {
    if (compareResultKeys(after, this.last) >= 0) return undefined
    const span = this.#spans.findLast((each) => compareResultKeys(each.after, after) <= 0)
    if (!span) return 'read'
    if (compareResultKeys(span.after, after) === 0) return span.batch
    const rest = span.batch.results.filter((row) => compareResultKeys(resultKeyOf(row), after) > 0)
    return { ...span.batch, results: rest }
  }
}
