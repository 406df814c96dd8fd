// Serves the site where there is no nginx.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join, normalize } from 'node:path'

for (const { address, port, root } of JSON.parse(process.argv[2]!) as {
  address: string
  port: number
  root: string
}[]) {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://site').pathname)
    readFile(join(root, path.endsWith('/') ? `${path}index.html` : path)).then(
      (body) => {
        const type = path.endsWith('.txt') ? 'text/plain' : 'text/html'
        response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-length': body.length }).end(body)
      },
      () => response.writeHead(404).end(),
    )
  })
  server.keepAliveTimeout = 75_000
  server.listen(port, address)
}
process.on('disconnect', () => process.exit())
