import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface SiteServer {
  /** Of each host, by its number. */
  origins: string[]
  by: 'nginx' | 'node'
  close(): Promise<void>
}

/**
 * Serves the folder of each host from a process of its own: nginx where Debian's is installed, since it takes next to no time from what is measured. Sites of
 * different networks have no host in common.
 */
export async function serveSite(dir: string, hosts: number, network = 1): Promise<SiteServer> {
  const by = spawnSync('nginx', ['-v']).error ? 'node' : 'nginx'
  // Linux has all of 127.0.0.0/8: hosts that differ in more than their port are hosts to everybody.
  const addresses = Array.from({ length: hosts }, (_, host) =>
    process.platform === 'linux' ? `127.0.${network}.${host + 1}` : '127.0.0.1',
  )
  const ports: number[] = []
  for (const address of addresses) ports.push(await freePort(address))
  const listen = addresses.map((address, host) => ({ address, port: ports[host]!, root: join(dir, String(host)) }))
  const child = by === 'nginx' ? startNginx(dir, listen) : startNode(listen)
  for (const { address, port } of listen) await answers(address, port)
  return {
    origins: listen.map(({ address, port }) => `http://${address}:${port}`),
    by,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    },
  }
}

interface Listen {
  address: string
  port: number
  root: string
}

function startNginx(dir: string, listen: Listen[]): ChildProcess {
  const own = join(dir, 'nginx')
  mkdirSync(own, { recursive: true })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(own, name)};`)
    .join(' ')
  const servers = listen
    .map(({ address, port, root }) => `server { listen ${address}:${port}; root ${root}; index index.html; }`)
    .join('\n')
  writeFileSync(
    join(own, 'nginx.conf'),
    `daemon off; master_process off; worker_processes 1; pid ${join(own, 'pid')}; error_log ${join(own, 'error.log')};
events { worker_connections 512; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; keepalive_timeout 75s; open_file_cache max=4000 inactive=300s; ${temporary}
types { text/html html; text/plain txt; } charset utf-8;
${servers} }`,
  )
  return spawn('nginx', ['-p', own, '-c', join(own, 'nginx.conf'), '-e', join(own, 'error.log')], { stdio: 'inherit' })
}

function startNode(listen: Listen[]): ChildProcess {
  return fork(join(import.meta.dirname, 'node-server.ts'), [JSON.stringify(listen)], { stdio: 'inherit' })
}

async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function answers(host: string, port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, host)
    const up = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (up) return
    await sleep(25)
  }
  throw new Error(`the server of the site does not listen on ${host}:${port}`)
}
