import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { testDatabase } from '../test/support/postgres.ts'
import { generateTypes } from './generate-types.ts'

test('types.ts says what the migrations make; otherwise: npm run schema', async () => {
  const { db } = await testDatabase()
  expect(await readFile(join(import.meta.dirname, 'types.ts'), 'utf8')).toBe(await generateTypes(db))
})
