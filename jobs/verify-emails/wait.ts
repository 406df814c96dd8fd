/** Until when something cannot go on, and what it waits for. */
export interface Wait {
  at: Date
  why: string
}

export function earlier<A extends Wait | undefined, B extends Wait | undefined>(a: A, b: B): A | B {
  return a && b ? (a.at <= b.at ? a : b) : (a ?? b)
}
