import type { Socket } from 'node:net'

import type { SmtpProbe } from '../engines/verify/evidence.ts'
import { SmtpDialogue } from '../engines/verify/smtp-dialogue.ts'
import type { Dial } from '../outgoing-dial.ts'

export interface SmtpLimits {
  connectMs: number
  /** For one reply, however its bytes trickle in. */
  replyMs: number
  /** Hosts of a domain that are tried. */
  hosts: number
}

export interface Interview {
  /** In the order in which they are to be tried. */
  hosts: readonly { host: string; addresses: readonly string[] }[]
  port: number
  helo: string
  mailFrom: string
  recipients: readonly string[]
  control: string | null
  now(): Date
  limits: SmtpLimits
}

/** What was learnt of each recipient, in their order: connections in the order in which they were made. Undefined: not asked about. */
export type Interviewed = (SmtpProbe[] | undefined)[]

/** Asks the mail hosts of a domain about some addresses: the first one that can be talked to. Rejects with the signal's reason. */
export async function interview(dial: Dial, about: Interview, signal: AbortSignal): Promise<Interviewed> {
  const learnt: Interviewed = about.recipients.map(() => undefined)
  const reachable = about.hosts.filter(({ addresses }) => addresses.length > 0).slice(0, about.limits.hosts)
  for (const { host, addresses } of reachable) {
    const dialogue = await talkTo(dial, about, host, addresses[0]!, signal)
    about.recipients.forEach((_, i) => {
      const probe = dialogue.probe(i)
      if (probe) learnt[i] = [...(learnt[i] ?? []), probe]
    })
    const wasHeard = dialogue.end === 'completed' || ['rcpt', 'control', 'quit'].includes(dialogue.stage)
    if (wasHeard) break
  }
  return learnt
}

async function talkTo(
  dial: Dial,
  { port, helo, mailFrom, recipients, control, now, limits }: Interview,
  host: string,
  ip: string,
  signal: AbortSignal,
): Promise<SmtpDialogue> {
  const dialogue = new SmtpDialogue({ helo, mailFrom, recipients, control, host, ip, at: now().toISOString() })
  let socket: Socket
  try {
    socket = await dial({ address: ip, port, timeoutMs: limits.connectMs, signal })
  } catch {
    signal.throwIfAborted()
    dialogue.hangUp('connect_failed')
    return dialogue
  }
  await converse(socket, dialogue, limits.replyMs, signal)
  signal.throwIfAborted()
  return dialogue
}

/** Bytes to and fro until the dialogue has ended, by whatever cause. */
function converse(socket: Socket, dialogue: SmtpDialogue, replyMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    const over = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', cut)
      socket.removeListener('close', dropped)
      socket.end()
      // Who is told goodbye may take a moment to hear it.
      setTimeout(() => socket.destroy(), 1_000).unref()
      resolve()
    }
    const cut = () => {
      dialogue.hangUp('dropped')
      socket.destroy()
      over()
    }
    const dropped = () => {
      dialogue.hangUp('dropped')
      over()
    }
    const awaitReply = () => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        dialogue.hangUp('timeout')
        socket.destroy()
        over()
      }, replyMs)
    }
    socket.on('error', () => {})
    socket.once('close', dropped)
    socket.once('end', dropped)
    signal.addEventListener('abort', cut, { once: true })
    socket.on('data', (chunk: Buffer) => {
      if (dialogue.end !== undefined) return
      const line = dialogue.receive(chunk)
      if (line !== '') {
        socket.write(line)
        awaitReply()
      }
      if (dialogue.end !== undefined) over()
    })
    awaitReply()
    if (signal.aborted) cut()
  })
}
