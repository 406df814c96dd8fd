import { execFile } from 'node:child_process'
import { chown, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { EmbeddedFailed } from './embedded-failed.ts'

/** How to start a program of PostgreSQL, which refuses to run as root. */
export interface RunAs {
  /** Goes before the command. */
  prefix: string[]
  /** For spawn. */
  uid?: number
  gid?: number
  /** Whose the server's files have to be, where they cannot stay those of this process. */
  owner?: { uid: number; gid: number }
}

const nobody = 65534

/**
 * Nothing of our own environment: neither our secrets nor PG* and LD_* settings belong into the server. Windows starts nothing
 * without some of it.
 */
export const cleanEnv =
  process.platform === 'win32'
    ? undefined
    : { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }

/**
 * The first way in which this process can run command with access to dataDir; owned (a file or folder) tells whose the files are
 * already. An ordinary user just runs it. Root has three ways, of which containers and hardened systems refuse some.
 */
export async function chooseRunAs(args: { dataDir: string; owned: string; command: string }): Promise<RunAs> {
  if (process.getuid?.() !== 0) return { prefix: [] }
  const { uid, gid } = await stat(args.owned)
  const refused: string[] = []
  for (const way of waysOfRoot(uid, gid)) {
    const problem = await tryOut(way, args.dataDir, args.command)
    if (problem === undefined) return way
    refused.push(problem)
  }
  throw new EmbeddedFailed(
    `PostgreSQL refuses to run as root, and there is no way to run it as somebody else with access to ${args.dataDir} (${refused.join('; ')}). ` +
      `Start the program as an ordinary user, or give a server of your own in DATABASE_URL.`,
  )
}

export function waysOfRoot(ownerUid: number, ownerGid: number): RunAs[] {
  const owner = ownerUid === 0 ? { uid: nobody, gid: nobody } : { uid: ownerUid, gid: ownerGid }
  // a user namespace in which root's files are those of an ordinary user; outside they stay root's
  const namespace: RunAs = { prefix: ['unshare', '-U', `--map-user=${nobody}`, `--map-group=${nobody}`, '--'] }
  const otherUser: RunAs = { prefix: [], ...owner, owner }
  // where the way to the files is closed to others, such as below /root: passing it is the one power of root that is kept
  const power = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override']
  const otherUserPassing: RunAs = {
    prefix: ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', ...power, '--'],
    owner,
  }
  return ownerUid === 0 ? [namespace, otherUser, otherUserPassing] : [otherUser, otherUserPassing]
}

/** What to give spawn or execFile. */
export function asUser({ prefix, uid, gid }: RunAs, command: string, args: string[]) {
  const [file, ...rest] = [...prefix, command, ...args]
  const ids = uid === undefined || gid === undefined ? {} : { uid, gid }
  return {
    file: file!,
    args: rest,
    options: { ...ids, env: cleanEnv, cwd: process.platform === 'win32' ? undefined : '/' },
  }
}

/** Gives a tree to whom the server will run as. */
export async function giveTo({ owner }: RunAs, path: string): Promise<void> {
  if (!owner || (await stat(path)).uid === owner.uid) return
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    await chown(join(entry.parentPath, entry.name), owner.uid, owner.gid)
  }
  await chown(path, owner.uid, owner.gid) // last: it is what the next start looks at
}

/** What is in the way, or undefined. */
async function tryOut(way: RunAs, dataDir: string, command: string): Promise<string | undefined> {
  const { file, args, options } = asUser(way, 'sh', ['-c', 'test -x "$1" && exec "$0" --version', command, dataDir])
  const name = way.prefix[0] ?? `uid ${way.uid}`
  try {
    await promisify(execFile)(file, args, options)
    return undefined
  } catch (error) {
    const { code, stderr } = error as { code?: string | number; stderr?: string }
    return stderr?.trim() || `${name}: ${code === 1 ? 'the directory is closed to it' : code}`
  }
}
