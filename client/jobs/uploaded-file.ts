export interface UploadedFile {
  name: string
  sizeBytes: number
}

/** Takes a file off the server. One that a job uses stays, and says so: nothing is lost either way. */
export function removeUploadedFile(url: string): void {
  void fetch(url, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } }).catch(() => {})
}

/** What the server knows of an upload; `gone` where it has it no more, undefined where it does not answer. */
export async function findUploadedFile(id: string): Promise<UploadedFile | 'gone' | undefined> {
  const response = await fetch(`/upload/${id}`, {
    method: 'HEAD',
    headers: { 'Tus-Resumable': '1.0.0' },
  }).catch(() => undefined)
  if (!response) return undefined
  if (response.status === 404 || response.status === 410) return 'gone'
  const [, name = ''] = /filename ([A-Za-z0-9+/=]*)/.exec(response.headers.get('Upload-Metadata') ?? '') ?? []
  const bytes = Uint8Array.from(atob(name), (character) => character.codePointAt(0) ?? 0)
  return { name: new TextDecoder().decode(bytes), sizeBytes: Number(response.headers.get('Upload-Length') ?? 0) }
}
