// The API as it is served, in a process whose use of the machine can be asked for.
import { tmpdir } from 'node:os'

import { openDatabase } from '../../../db/database.ts'
import { openTestEngine, testLog } from '../../support/engine.ts'
import type { ServerRequest } from './messages.ts'
import { usage } from './usage.ts'

const url = process.argv[2]!
const { db } = openDatabase(url, { max: 10 })
// First, since the schema is made of the kinds that are there when it is imported.
const engine = await openTestEngine(url, db)
const { createHttp } = await import('../../../server/http.ts')
const { createLive } = await import('../../../server/live.ts')
const live = await createLive({ url, db, log: testLog })
const http = createHttp({ config: { host: '127.0.0.1', port: 0 }, engine, live, log: testLog, clientDir: tmpdir() })
const { port } = await http.listen()
process.on('message', ({ ask }: ServerRequest) => process.send!(usage(ask === 'memory', live.load().followers)))
process.on('disconnect', () => process.exit())
process.send!({ port })
