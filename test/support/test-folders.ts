import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Folders that tests make begin so; what a killed run left behind is removed a day later. */
export const testFolderPrefix = 'mailquarry-test-'

/** Where the blobs of a test's database lie; they go with it. */
export function testBlobFolder(databaseName: string): string {
  return join(tmpdir(), `${testFolderPrefix}blobs-${databaseName}`)
}
