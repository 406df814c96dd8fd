import { randomBytes } from 'node:crypto'
import { type ClientRequest, request as httpRequest } from 'node:http'

const tus = { 'tus-resumable': '1.0.0' }
export const bodyType = 'application/offset+octet-stream'

export const headers = {
  create: (sizeBytes: number, metadata = '') => ({
    ...tus,
    'upload-length': String(sizeBytes),
    ...(metadata && { 'upload-metadata': metadata }),
  }),
  append: (offset: number) => ({ ...tus, 'upload-offset': String(offset), 'content-type': bodyType }),
  tell: tus,
}

/** Makes an upload and returns its path, `/upload/ID`. */
export async function makeUpload(api: string, sizeBytes: number, name = 'list.csv'): Promise<string> {
  const metadata = `filename ${Buffer.from(name).toString('base64')}`
  const made = await fetch(`${api}/upload`, { method: 'POST', headers: headers.create(sizeBytes, metadata) })
  if (made.status !== 201) throw new Error(`${made.status}: ${await made.text()}`)
  return made.headers.get('location')!
}

/** Of the path of an upload. */
export function idOf(path: string): string {
  return path.slice('/upload/'.length)
}

export async function appendBytes(url: string, offset: number, bytes: Buffer): Promise<Response> {
  return fetch(url, { method: 'PATCH', headers: headers.append(offset), body: Buffer.from(bytes) })
}

/** A complete upload; its id. */
export async function uploadBytes(api: string, bytes: Buffer, name?: string): Promise<string> {
  const path = await makeUpload(api, bytes.length, name)
  const { status } = await appendBytes(api + path, 0, bytes)
  if (status !== 204) throw new Error(`the bytes were not taken: ${status}`)
  return idOf(path)
}

/** A complete upload of texts, which are made twice and never held together; its id. */
export async function uploadPieces(api: string, pieces: () => Iterable<string>): Promise<string> {
  let sizeBytes = 0
  for (const piece of pieces()) sizeBytes += Buffer.byteLength(piece)
  const path = await makeUpload(api, sizeBytes)
  let [offset, held, heldBytes]: [number, Buffer[], number] = [0, [], 0]
  const send = async () => {
    const { status } = await appendBytes(api + path, offset, Buffer.concat(held))
    if (status !== 204) throw new Error(`the bytes were not taken: ${status}`)
    ;[offset, held, heldBytes] = [offset + heldBytes, [], 0]
  }
  for (const piece of pieces()) {
    const bytes = Buffer.from(piece)
    held.push(bytes)
    heldBytes += bytes.length
    if (heldBytes > 8 << 20) await send()
  }
  await send()
  return idOf(path)
}

export async function offsetOf(url: string): Promise<number> {
  return Number((await fetch(url, { method: 'HEAD', headers: headers.tell })).headers.get('upload-offset'))
}

/** A PATCH that says it brings `lengthBytes` and is fed by hand. Its errors are the test's own doing. */
export function openAppend(url: string, offset: number, lengthBytes: number): ClientRequest {
  const open = httpRequest(url, {
    method: 'PATCH',
    headers: { ...headers.append(offset), 'content-length': lengthBytes },
  })
  open.on('error', () => {})
  return open
}

/** Bytes in which every place differs from its neighbours, so that a lost or doubled piece shows. */
export function someBytes(sizeBytes: number): Buffer {
  const block = randomBytes(65_521)
  return Buffer.alloc(sizeBytes, block).fill(randomBytes(16), 0, Math.min(16, sizeBytes))
}
