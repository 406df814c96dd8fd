import { expect, test } from 'vitest'

import { shownSettings } from './shown-settings.ts'

const find = (env: Record<string, string>, name: string) => shownSettings(env).find((setting) => setting.name === name)

test('a setting tells its value, or the default, and what is missing without it', () => {
  expect(find({}, 'PORT')).toMatchObject({ given: false, value: '4000', missing: null })
  expect(find({ PORT: ' 4700 ' }, 'PORT')).toMatchObject({ given: true, value: '4700' })
  expect(find({}, 'USER_AGENT_CONTACT')).toMatchObject({ given: false, value: null })
  expect(find({}, 'USER_AGENT_CONTACT')!.missing).toContain('before you crawl')
  expect(find({ USER_AGENT_CONTACT: 'me@example.com' }, 'USER_AGENT_CONTACT')!.missing).toBeNull()
})

test('nothing is worth a look as it comes, only what should be set with what else is', () => {
  const lookedAt = (env: Record<string, string>) =>
    shownSettings(env)
      .filter(({ worthALook }) => worthALook)
      .map(({ name }) => name)
  expect(lookedAt({})).toEqual([])
  const reached = { DATABASE_URL: 'postgres://ann:word@db.example/x', ALLOW_ORIGINS: 'https://mail.example.com' }
  expect(lookedAt(reached)).toEqual(['API_TOKEN', 'SECRET_KEY'])
  expect(find(reached, 'API_TOKEN')!.missing).toContain('ALLOW_ORIGINS')
  expect(lookedAt({ ...reached, API_TOKEN: 'x'.repeat(20), SECRET_KEY: 'x'.repeat(40) })).toEqual([])
})

test('of a secret it tells nothing but that it is set', () => {
  const env = { API_TOKEN: 'token-of-twenty-signs', DATABASE_URL: 'postgres://ann:word@db.example/x' }
  const shown = JSON.stringify(shownSettings(env))
  expect(find(env, 'API_TOKEN')).toMatchObject({ secret: true, given: true, value: null })
  for (const secret of ['token-of-twenty-signs', 'ann:word', 'db.example/x']) expect(shown).not.toContain(secret)
})

test('settings of a group stand together', () => {
  const groups = shownSettings({}).map(({ group }) => group)
  expect(groups).toEqual([...groups].toSorted((a, b) => groups.indexOf(a) - groups.indexOf(b)))
})

test('each says what it is for, and an example that only a shell understands what goes into .env', () => {
  for (const { name, does } of shownSettings({})) expect(does, name).toMatch(/\w.*\.$/)
  expect(find({}, 'BLOBS_URL')!.does).not.toContain('S3')
  for (const { name, example, missing } of shownSettings({}))
    expect(missing?.includes('into .env goes what openssl') ?? false, name).toBe(example.startsWith('$('))
})
