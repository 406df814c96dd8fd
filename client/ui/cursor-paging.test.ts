import { expect, test } from 'vitest'

import { isBackAtStart, pageArguments, pageSteps } from './cursor-paging.ts'
import type { CursorPlace, PageArguments, PageInfo } from './cursor-paging.ts'

/** A Relay connection over 0…n-1 that knows only what the specification makes it know. */
function connection(n: number, { first, after, last, before }: PageArguments): { rows: number[]; info: PageInfo } {
  const from = after === undefined ? 0 : Number(after) + 1
  const to = before === undefined ? n : Number(before)
  const range = Array.from({ length: n }, (_, index) => index).slice(from, to)
  const rows = first === undefined ? range.slice(-last!) : range.slice(0, first)
  return {
    rows,
    info: {
      hasNextPage: first !== undefined && range.length > first,
      hasPreviousPage: last !== undefined && range.length > last,
      startCursor: rows.length ? String(rows[0]) : null,
      endCursor: rows.length ? String(rows.at(-1)) : null,
    },
  }
}

function view(n: number, place: CursorPlace, reversed: boolean) {
  const { rows, info } = connection(n, pageArguments(place, 3, reversed))
  return { rows: reversed ? rows.toReversed() : rows, info, ...pageSteps(place, info, reversed) }
}

test.each([
  [
    false,
    [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ],
  ],
  [
    true,
    [
      [7, 6, 5],
      [4, 3, 2],
      [1, 0],
    ],
  ],
])('from the first page to the last and back again, reversed: %s', (reversed, pages) => {
  let place: CursorPlace | undefined = {}
  const there: number[][] = []
  let last: CursorPlace = {}
  while (place) {
    const page = view(8, place, reversed)
    there.push(page.rows)
    last = place
    place = page.next
  }
  expect(there).toEqual(pages)

  const back: number[][] = []
  place = last
  while (place) {
    const page = view(8, place, reversed)
    back.push(page.rows)
    if (isBackAtStart(place, page.info, reversed)) break
    place = page.previous
  }
  // Pages are counted from where one turns round, so only the ends are the same rows.
  expect(back.flat().toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(view(8, {}, reversed).previous).toBeUndefined()
})

test('an empty list has no pages around it', () => {
  expect(view(0, {}, false)).toMatchObject({ next: undefined, previous: undefined })
})

test('a page that has become empty leads back to the beginning', () => {
  expect(view(0, { after: '7' }, false).previous).toEqual({})
})
