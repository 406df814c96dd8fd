import { readdirSync, readFileSync } from 'node:fs'

export interface ProgramUsage {
  /** The most memory that each of the program's own processes (API and workers, not Postgres) has held since it began, summed. */
  peakRssMb: number
  /** Of CPU time since it began, by its own processes and by those of Postgres that have not ended. */
  ownSeconds: number
  postgresSeconds: number
}

interface Process {
  pid: number
  parent: number
  /** The file that it runs. */
  name: string
  peakKb: number
  cpuSeconds: number
}

const ticksPerSecond = 100

/** What a program that was started by `startProgram` has used, by /proc. */
export function usageOf(pid: number): ProgramUsage {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processOf(Number(name)) ?? [])
  const below = (root: number): Process[] =>
    all.filter(({ parent }) => parent === root).flatMap((one) => [one, ...below(one.pid)])
  const tree = [...all.filter((one) => one.pid === pid), ...below(pid)]
  const own = tree.filter(({ name }) => name !== 'postgres')
  const seconds = (some: Process[]) => some.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
  return {
    peakRssMb: own.reduce((sum, { peakKb }) => sum + peakKb, 0) / 1_024,
    ownSeconds: seconds(own),
    postgresSeconds: seconds(tree.filter(({ name }) => name === 'postgres')),
  }
}

function processOf(pid: number): Process | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? ''
    // Behind the name in brackets, which may hold anything: state is the third field, utime and stime the 14th and 15th.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
    const file = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0', 1)[0]!
    const name = file.startsWith('postgres:') ? 'postgres' : (file.split('/').at(-1) ?? '')
    return { pid, parent: Number(field('PPid')), name, peakKb: Number(field('VmHWM')), cpuSeconds }
  } catch {
    return undefined // it has ended meanwhile
  }
}
