/** So many connections a browser holds open to one host over HTTP/1.1. */
const mostPerHost = 6
const answerWithinMs = 500

/**
 * Has the browser let go of connections that the network has forgotten without a word, as it does while a laptop sleeps: requests would go over them and wait
 * for minutes. A plain request takes each; where no answer comes, the connection goes with its request.
 */
export async function dropDeadSockets(health: URL): Promise<void> {
  const ask = () => fetch(health, { cache: 'no-store', signal: AbortSignal.timeout(answerWithinMs) }).catch(() => {})
  await Promise.all(Array.from({ length: mostPerHost }, ask))
}
