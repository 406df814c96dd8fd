import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

export interface DeafHost {
  host: string
  port: number
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Connections that the kernel takes for a listener of backlog 1 that accepts none (Linux counts from 0). */
const queued = 2

/**
 * A port at which nothing answers, not even with a refusal, as behind a firewall that drops what comes: a connection there never
 * opens. A thread listens and then stands still, and the queue of the kernel is filled by connections of our own. Linux alone.
 */
export async function startDeafHost({ host = '127.0.0.1', port = 0 } = {}): Promise<DeafHost> {
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(listener, { eval: true, workerData: { host, port, gate } })
  const [listening] = (await once(worker, 'message')) as [{ port: number } | { code: string }]
  if ('code' in listening) throw Object.assign(new Error(`cannot listen at ${host}:${port}`), listening)
  const fillers: Socket[] = []
  for (let n = 0; n < queued; n += 1) {
    const filler = connect(listening.port, host)
    filler.on('error', () => filler.destroy())
    fillers.push(filler)
    await once(filler, 'connect')
  }
  async function close() {
    const gone = once(worker, 'exit')
    Atomics.store(gate, 0, 1)
    Atomics.notify(gate, 0)
    for (const filler of fillers) filler.destroy()
    await gone
  }
  return { host, port: listening.port, close, [Symbol.asyncDispose]: close }
}

const listener = `
  const { parentPort, workerData: { host, port, gate } } = require('node:worker_threads')
  const server = require('node:net').createServer((socket) => socket.destroy())
  server.once('error', ({ code }) => parentPort.postMessage({ code }))
  server.listen({ port, host, backlog: 1 }, () => {
    parentPort.postMessage({ port: server.address().port })
    Atomics.wait(gate, 0, 0)
    process.exit()
  })`
