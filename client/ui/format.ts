const grouped = new Intl.NumberFormat('en')
const oneDecimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const exactTime = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' })
const clockTime = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const shortDate = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short' })
const shortDateWithYear = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' })

/** 1234567 → "1,234,567". */
export function formatCount(value: number): string {
  return grouped.format(value)
}

/** "1 address", "1,234 addresses". */
export function formatCounted(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`
}

/** "25 addresses"; "15 of 25 addresses", where the others are not here yet. */
export function formatPart(count: number, all: number, one: string, many = `${one}s`): string {
  return count < all ? `${formatCount(count)} of ${formatCounted(all, one, many)}` : formatCounted(count, one, many)
}

/** Per second; slow work is given per minute, where a fraction of one a second says little. */
export function formatRate(perSecond: number, slow = isSlow(perSecond)): string {
  if (slow) return `${oneDecimal.format(perSecond * 60)}/min`
  return `${perSecond < 100 ? oneDecimal.format(perSecond) : formatCount(Math.round(perSecond))}/s`
}

/** Whether a rate is written per minute: one that is watched changes its unit where it has changed by much, and not around the border. */
export function isSlow(perSecond: number, wasSlow?: boolean): boolean {
  if (wasSlow === undefined) return perSecond > 0 && perSecond < 0.5
  return wasSlow ? perSecond < 1 : perSecond > 0 && perSecond < 0.25
}

/** A part of a whole as "42 %": rounded down, so that 100 % means all. */
export function formatPercent(percent: number): string {
  return `${Math.floor(percent)}%`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB']

export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${oneDecimal.format(value)} ${units[unit]}`
}

/** 350 → "350 ms", 4200 → "4.2 s". */
export function formatMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${oneDecimal.format(ms / 1000)} s`
}

/** Seconds in at most two units: "8 s", "3 min 20 s", "2 h 5 min", "4 d 3 h". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const steps: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ]
  const first = steps.findIndex(([size]) => whole >= size)
  if (first === -1) return '0 s'
  const [size, name] = steps[first]!
  const next = steps[first + 1]
  const count = Math.floor(whole / size)
  const rest = next ? Math.floor((whole % size) / next[0]) : 0
  return rest && next ? `${count} ${name} ${rest} ${next[1]}` : `${count} ${name}`
}

/** "just now" for a whole minute, beside durations that are exact; "5 min ago", "in 45 s", "3 d ago"; beyond a week the date. */
export function formatRelative(iso: string, nowMs: number): string {
  const at = Date.parse(iso)
  const seconds = Math.round((nowMs - at) / 1000)
  const distance = Math.abs(seconds)
  if (distance >= 7 * 86_400) {
    const sameYear = new Date(at).getFullYear() === new Date(nowMs).getFullYear()
    return (sameYear ? shortDate : shortDateWithYear).format(at)
  }
  // Clocks of server and browser differ by a little: that is no future.
  if (seconds > -30 && seconds < 60) return 'just now'
  const words = formatDuration(coarse(distance))
  return seconds < 0 ? `in ${words}` : `${words} ago`
}

/** The exact moment in the reader's time zone. */
export function formatExact(iso: string): string {
  return exactTime.format(Date.parse(iso))
}

/** "26 Nov 2026" in the reader's time zone and words. */
export function formatDay(iso: string): string {
  return shortDateWithYear.format(Date.parse(iso))
}

/** "14:03:09". */
export function formatClock(iso: string): string {
  return clockTime.format(Date.parse(iso))
}

/** What is only an estimate, in one unit below an hour: "40 s", "16 min", "2 h 5 min". */
export function formatAbout(seconds: number): string {
  return formatDuration(seconds < 3_600 ? coarse(seconds) : seconds)
}

/** Relative times need one unit: 3 min 20 s ago is 3 min ago. */
function coarse(seconds: number): number {
  for (const size of [86_400, 3_600, 60]) if (seconds >= size) return Math.floor(seconds / size) * size
  return seconds
}

const names: Record<string, string> = { mailsso: 'mails.so', neverbounce: 'NeverBounce', zerobounce: 'ZeroBounce' }

/** Words that people write in capitals, and names as their owners write them: "Null mx" → "Null MX", "Zerobounce" → "ZeroBounce". */
export function withAcronyms(words: string): string {
  return words
    .replaceAll(/\b(?:api|csv|dns|http|id|mx|ok|smtp|spf|tld|tls|url|urls)\b/gi, (word) =>
      word.toUpperCase().replace(/S$/, (end) => (/^urls$/i.test(word) ? 's' : end)),
    )
    .replaceAll(/\brdns\b/gi, 'rDNS')
    .replaceAll(/\b(?:mailsso|neverbounce|zerobounce)\b/gi, (word) => names[word.toLowerCase()] ?? word)
}
