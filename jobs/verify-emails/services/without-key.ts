import type { HttpAnswer } from '../../engines/verify/services/answer.ts'

/** Shorter ones may stand in any text. */
const shortest = 8

/** Some services say the key back, as when they refuse it: the answer is kept as evidence and shown, so it goes out of it here. */
export function withoutKey(answer: HttpAnswer, key: string): HttpAnswer {
  if (key.length < shortest) return answer
  const inJson = JSON.stringify(key).slice(1, -1)
  const forms = new Set([key, encodeURIComponent(key), inJson, inJson.replaceAll('/', String.raw`\/`)])
  return { ...answer, body: [...forms].reduce((body, form) => body.replaceAll(form, '[key]'), answer.body) }
}
