/** Kept for so many times as long as it took to work out. */
const keptFor = 10
/** What is quicker is worked out each time. */
const leastMs = 100

/**
 * Answers that take long to work out, kept for a while and shared by all who ask meanwhile: whatever is asked and however often, working them
 * out takes a tenth of a connection at most. What is quick is never older than the question.
 */
export function keptAnswers<Answer>(
  nowMs: () => number = () => performance.now(),
): (key: string, work: () => Promise<Answer>) => Promise<Answer> {
  const kept = new Map<string, { answer: Promise<Answer>; untilMs: number }>()

  return (key, work) => {
    const beganMs = nowMs()
    for (const [name, { untilMs }] of kept) if (untilMs < beganMs) kept.delete(name)
    const known = kept.get(key)
    if (known) return known.answer
    const answer = work()
    const entry = { answer, untilMs: Number.POSITIVE_INFINITY }
    kept.set(key, entry)
    answer.then(
      () => {
        const tookMs = nowMs() - beganMs
        if (tookMs < leastMs) kept.delete(key)
        else entry.untilMs = nowMs() + keptFor * tookMs
      },
      () => kept.delete(key),
    )
    return answer
  }
}
