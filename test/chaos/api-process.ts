import { flushCompileCache } from 'node:module'
import { tmpdir } from 'node:os'

import { openDatabase } from '../../db/database.ts'
import { openTestEngine, testLog } from '../support/engine.ts'

const { url, port } = JSON.parse(process.argv[2]!) as { url: string; port: number }

const { db } = openDatabase(url, { max: 5 })
// First, since the schema is made of the kinds that are there when it is imported.
const engine = await openTestEngine(url, db)
const { createHttp } = await import('../../server/http.ts')
const { createLive } = await import('../../server/live.ts')
const live = await createLive({ url, db, log: testLog })
const http = createHttp({ config: { host: '127.0.0.1', port }, engine, live, log: testLog, clientDir: tmpdir() })
await http.listen()
process.on('disconnect', () => process.exit(1))
process.send!('ready')
// Now, since one that is killed writes nothing at its end.
flushCompileCache()
