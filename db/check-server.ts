import pg from 'pg'

/** The server of DATABASE_URL cannot be used; the message says why and what to do, and never shows the password. */
export class DatabaseUnusable extends Error {
  override name = 'DatabaseUnusable'
  readonly code = 'DATABASE_UNUSABLE'
}

/** The oldest major version that the program is tested with and that is still maintained. */
export const oldestVersion = 15

/** Resolves to the server's version, such as `17.2`. Throws DatabaseUnusable. */
export async function checkServer(url: string, { timeoutMs = 10_000 } = {}): Promise<string> {
  const place = describe(url)
  const client = new pg.Client({
    connectionString: url,
    application_name: 'mailquarry check',
    connectionTimeoutMillis: timeoutMs,
  })
  client.on('error', () => {}) // the call under way rejects with the same
  try {
    await client.connect()
  } catch (error) {
    throw new DatabaseUnusable(explain(error as Error & { code?: string }, place), { cause: error })
  }
  try {
    return await refuseUnfit(client, place)
  } catch (error) {
    if (error instanceof DatabaseUnusable) throw error
    throw new DatabaseUnusable(`${place.server} answered a first question with an error: ${(error as Error).message}`, {
      cause: error,
    })
  } finally {
    await client.end().catch(() => {})
  }
}

async function refuseUnfit(client: pg.Client, { server, database }: Place): Promise<string> {
  const about = await client.query<{ version: string }>(`select current_setting('server_version') as version`)
  const { version } = about.rows[0]!
  if (isTooOld(version)) {
    throw new DatabaseUnusable(
      `${server} is PostgreSQL ${version}; at least ${oldestVersion} is needed. Upgrade it, or leave DATABASE_URL out to use the embedded one.`,
    )
  }
  const { rows } = await client.query<{ encoding: string; standby: boolean; role: string; creates: boolean }>(
    `select current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby, current_user as role,
       to_regclass('public.migrations') is not null
         or (has_schema_privilege('public', 'create') and has_database_privilege(current_database(), 'create')) as creates`,
  )
  const { encoding, standby, role, creates } = rows[0]!
  if (encoding !== 'UTF8') {
    throw new DatabaseUnusable(
      `The database ${database} has the encoding ${encoding}; UTF8 is needed: create database "${database}" encoding 'UTF8' template template0.`,
    )
  }
  if (standby)
    throw new DatabaseUnusable(`${server} is a standby, which takes no writes. Give the primary in DATABASE_URL.`)
  if (!creates) {
    throw new DatabaseUnusable(
      `The role ${role} may not create tables and schemas in ${database}. As the database's owner: ` +
        `grant create on database "${database}" to "${role}"; grant create on schema public to "${role}".`,
    )
  }
  return version
}

/** For versions such as `14.9 (Debian 14.9-1)`, `15beta2`, `9.6.24`. What cannot be read is too old. */
export function isTooOld(serverVersion: string): boolean {
  return !(Number.parseInt(serverVersion, 10) >= oldestVersion)
}

interface Place {
  server: string
  database: string
  user: string
}

function describe(url: string): Place {
  let parts: pg.Client
  try {
    if (!/^postgres(ql)?:\/\//.test(url)) throw new TypeError('another protocol')
    parts = new pg.Client({ connectionString: url })
  } catch {
    // no cause: the parser's error holds the URL, and with it the password
    throw new DatabaseUnusable(
      'DATABASE_URL is not the URL of a database. Example: postgres://user:password@db.example.com:5432/mailquarry',
    )
  }
  return {
    server: `The database server ${parts.host}:${parts.port}`,
    database: parts.database ?? '',
    user: parts.user ?? '',
  }
}

function explain(error: Error & { code?: string }, { server, database, user }: Place): string {
  switch (error.code ?? '') {
    case 'ECONNREFUSED':
      return `${server} does not take connections. Is it running, and are host and port in DATABASE_URL right?`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${server} has a name that cannot be resolved (${error.code}). Check the host in DATABASE_URL.`
    case 'ENOENT':
    case 'EACCES':
      return `${server} has no socket that this user may open (${error.code}). Check the path in DATABASE_URL.`
    case '28P01':
    case '28000':
      return `${server} does not let the user ${user} in: ${error.message}. Check user and password in DATABASE_URL.`
    case '3D000':
      return `${server} has no database ${database}. Create it: createdb --encoding=UTF8 ${database}`
    case '57P03':
      return `${server} is starting or stopping. Try again in a moment.`
    case '53300':
      return `${server} has no free connection. Raise its max_connections, or close other clients.`
    default:
      return `${server} cannot be reached: ${error.message || error.code || 'unknown error'}. Check DATABASE_URL.`
  }
}
