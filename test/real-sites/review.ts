import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { z } from 'zod'

import type { Scan } from './scan.ts'

const hash = z.string().regex(/^[0-9a-f]{16}$/)
const pages = z.int().positive()

/**
 * What a person decided about each address-like piece of text of a package. Pieces at real domains are kept as the first 16 hex digits of the SHA-256 of
 * their lower-case form, so that nobody's address stands in the repository; invented ones stand in clear.
 */
const reviewSchema = z.strictObject({
  package: z.string(),
  version: z.string(),
  pages,
  missing: z.array(z.string()),
  addresses: z.array(z.strictObject({ hash, pages })),
  /** An address that the page runs together with words around it, or writes in words: the whole is none, but `means` stands there for a reader. */
  glued: z.array(z.strictObject({ hash, means: hash, pages })),
  /** Form and domain are those of an address, and yet the text does not mean one: finding it is no fault, nor is leaving it. */
  either: z.array(z.strictObject({ hash, pages, why: z.string() })),
  rejected: z.array(
    z.union([
      z.strictObject({ text: z.string(), pages, why: z.string() }),
      z.strictObject({ hash, pages, why: z.string() }),
    ]),
  ),
})
export type Review = z.infer<typeof reviewSchema>

export interface Judged {
  verdict: 'address' | 'glued' | 'either' | 'rejected'
  why?: string
  /** Hash of the address that a glued one means. */
  means?: string
}

/** The decisions about a package, by the hash of the piece of text. Throws where the file breaks its form. */
export function loadReview(packageName: string): Review {
  return reviewSchema.parse(
    JSON.parse(readFileSync(join(import.meta.dirname, 'expected', `${packageName}.json`), 'utf8')),
  )
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text.toLowerCase()).digest('hex').slice(0, 16)
}

export function decisionsOf(review: Review): Map<string, Judged> {
  return new Map([
    ...review.rejected.map((entry): [string, Judged] => [
      'hash' in entry ? entry.hash : hashOf(entry.text),
      { verdict: 'rejected', why: entry.why },
    ]),
    ...review.glued.map((entry): [string, Judged] => [
      entry.hash,
      { verdict: 'glued', why: 'glued to the words around it', means: entry.means },
    ]),
    ...review.either.map((entry): [string, Judged] => [entry.hash, { verdict: 'either', why: entry.why }]),
    ...review.addresses.map((entry): [string, Judged] => [entry.hash, { verdict: 'address' }]),
  ])
}

/** An address on a page of it. */
export interface Place {
  address: string
  path: string
}

export interface Truth {
  places: Place[]
  pagePaths: Set<string>
  decisions: Map<string, Judged>
  /** What the review does not know, or knows otherwise: then it is about another version, and its figures are worth nothing. */
  drift: string[]
}

/** Joins what was scanned now with what was decided once. */
export function truthOf(scan: Scan, review: Review): Truth {
  const decisions = decisionsOf(review)
  const counts = pageCounts(scan)
  const drift: string[] = []
  for (const token of counts.keys()) if (!decisions.has(hashOf(token))) drift.push(`not reviewed: ${token}`)
  const seen = new Map([...counts].map(([token, count]) => [hashOf(token), count]))
  for (const entry of [...review.addresses, ...review.glued, ...review.either, ...review.rejected]) {
    const key = 'hash' in entry ? entry.hash : hashOf(entry.text)
    if (seen.get(key) !== entry.pages)
      drift.push(
        `reviewed on ${entry.pages} pages, now on ${seen.get(key) ?? 0}: ${'text' in entry ? entry.text : key}`,
      )
  }
  if (scan.pages.length !== review.pages) drift.push(`reviewed with ${review.pages} pages, now ${scan.pages.length}`)
  const gone = scan.missing.map(({ path }) => path)
  for (const path of gone)
    if (!review.missing.includes(path)) drift.push(`a link that led somewhere when reviewed: ${path}`)
  for (const path of review.missing)
    if (!gone.includes(path)) drift.push(`a link that led nowhere when reviewed: ${path}`)
  const clear = new Map([...counts.keys()].map((token) => [hashOf(token), token]))
  const meant = (token: string): string | undefined => {
    const decision = decisions.get(hashOf(token))
    if (decision?.verdict === 'address') return token
    return decision?.means === undefined ? undefined : (clear.get(decision.means) ?? spelledOut(token, decision.means))
  }
  const places = scan.pages.flatMap(({ path, tokens }) => {
    const here = new Set([...tokens].map(meant).filter((address) => address !== undefined))
    return [...here].map((address) => ({ address, path }))
  })
  return { places, pagePaths: new Set(scan.pages.map((page) => page.path)), decisions, drift }
}

/** `<jane at acme dot org>` as `jane@acme.org`, where that is what `means` says. */
function spelledOut(token: string, means: string): string | undefined {
  const plain = token.replaceAll(/[<>]/g, '').replace(' at ', '@').replaceAll(' dot ', '.')
  return hashOf(plain) === means ? plain : undefined
}

/** On how many pages each piece of text stands, in order. */
export function pageCounts(scan: Scan): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { tokens } of scan.pages) for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1)
  return new Map([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
