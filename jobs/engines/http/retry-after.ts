/** RFC 9110 §10.2.3: seconds, or a date. Undefined where there is none or it says nothing; never negative. */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  const text = header?.trim() ?? ''
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1_000
  // All three forms of a date in HTTP begin with the name of a day; Date.parse alone would take "1" or "-5" for a date.
  const at = /^[a-z]{3}/i.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime())
}
