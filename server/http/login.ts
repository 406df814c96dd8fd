import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

import { z } from 'zod'

import type { Auth } from '../auth.ts'
import { sendJson } from './send-json.ts'

const credentials = z.object({ token: z.string().max(1_000) })

/**
 * POST /login `{"token": …}`: 204 with a cookie, 401, or 429. JSON alone, which no form of another site can send. GET /session says
 * whether a login is needed. POST /logout ends it.
 */
export async function handleSession(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  auth: Auth,
): Promise<boolean> {
  response.setHeader('Cache-Control', 'no-store')
  if (path === '/session' && request.method === 'GET') {
    sendJson(response, 200, { required: auth.required, authenticated: auth.viewer(request.headers) !== undefined })
    return true
  }
  if (path === '/logout' && request.method === 'POST') {
    response.writeHead(204, { 'Set-Cookie': auth.logOutCookie }).end()
    return true
  }
  if (path !== '/login' || request.method !== 'POST') return false
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    sendJson(response, 415, { message: 'Send JSON: {"token": "…"}' })
    return true
  }
  if (Number(request.headers['content-length'] ?? Infinity) > 2_000) {
    sendJson(response, 413, { message: 'Too large, or of unknown length.' })
    return true
  }
  const body = credentials.safeParse(parseJson(await text(request)))
  const secure = request.headers['x-forwarded-proto'] === 'https'
  const result = auth.logIn(body.data?.token ?? '', { address: request.socket.remoteAddress ?? '', secure })
  if (typeof result === 'object') response.writeHead(204, { 'Set-Cookie': result.cookie }).end()
  else if (result === 'wrong') sendJson(response, 401, { message: 'This token is not accepted.' })
  else sendJson(response, 429, { message: 'Too many tries. Wait a minute.' })
  return true
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
