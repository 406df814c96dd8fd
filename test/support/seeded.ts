/** Numbers from 0 to 1, the same for the same key. The generator is mulberry32 by Tommy Ettinger (public domain). */
export function seeded(...key: number[]): () => number {
  let state = 0x811c9dc5
  for (const part of key) state = Math.imul(state ^ part, 0x01000193) ^ (state >>> 13)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
