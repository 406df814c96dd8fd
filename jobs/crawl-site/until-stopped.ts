import type { HeldHost } from './held-host.ts'

/** Undefined when the run is told to stop, or has lost the host, before there is an answer. A request has been made in any case. */
export async function untilStopped<Got>(held: HeldHost, request: Promise<Got>): Promise<Got | undefined> {
  try {
    return await request
  } catch (error) {
    if (held.signal.aborted) return undefined
    throw error
  } finally {
    held.asked()
  }
}
