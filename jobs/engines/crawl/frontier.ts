/** What decides when a page is fetched. */
export interface Place {
  /** Smaller first: see `priorityOf`. */
  priority: number
  /** Clicks from a start page. */
  depth: number
  /** `urlKey` of the page. */
  key: string
}

/** Breadth first within a priority; what is equal goes by key, so that every run of a crawl takes the same way. */
export function fetchOrder(a: Place, b: Place): number {
  return a.priority - b.priority || a.depth - b.depth || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
}

export interface Frontier<Page extends Place> {
  /** Adds a page, or moves the one of the same key up or down. */
  put(page: Page): void
  /** Removes and returns the first. */
  take(): Page | undefined
  peek(): Page | undefined
  readonly size: number
}

/**
 * Pages that wait, the next one in fetch order always at hand. Holds those up to `horizon` only, when there are more behind it elsewhere: a page that comes
 * after it is not kept, since others of which nothing is known here come before it.
 */
export function createFrontier<Page extends Place>(pages: readonly Page[], horizon?: Place): Frontier<Page> {
  const heap: Page[] = []
  const current = new Map<string, Page>()

  const put = (page: Page) => {
    current.delete(page.key)
    if (horizon && fetchOrder(page, horizon) > 0) return
    current.set(page.key, page)
    heap.push(page)
    siftUp(heap)
  }
  // What was moved or taken stays in the heap until it comes to the top.
  const peek = () => {
    while (heap.length > 0 && current.get(heap[0]!.key) !== heap[0]) removeFirst(heap)
    return heap[0]
  }

  for (const page of pages) put(page)
  return {
    put,
    peek,
    take() {
      const page = peek()
      if (page) current.delete(page.key)
      return page
    },
    get size() {
      return current.size
    },
  }
}

function siftUp(heap: Place[]): void {
  let at = heap.length - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (fetchOrder(heap[at]!, heap[parent]!) >= 0) return
    swap(heap, at, parent)
    at = parent
  }
}

function removeFirst(heap: Place[]): void {
  const last = heap.pop()!
  if (heap.length === 0) return
  heap[0] = last
  for (let at = 0; ;) {
    let least = at
    for (const child of [2 * at + 1, 2 * at + 2])
      if (child < heap.length && fetchOrder(heap[child]!, heap[least]!) < 0) least = child
    if (least === at) return
    swap(heap, at, least)
    at = least
  }
}

function swap(heap: Place[], a: number, b: number): void {
  const held = heap[a]!
  heap[a] = heap[b]!
  heap[b] = held
}
