/** A copy for what is kept: V8 makes what is cut out of a text a view of it, which would keep the whole page in memory. */
export function ownText(text: string): string {
  return Buffer.from(text).toString()
}
