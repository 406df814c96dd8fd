import { expect, test } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import { awaitPages } from './awaited-page.ts'

const away = { fetch: () => Promise.reject(new TypeError('away')), onReconnect: () => () => {} }

async function open() {
  const chunk = Promise.withResolvers<never>()
  const asked = Promise.withResolvers<void>()
  const page = { render: () => null }
  const routes = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: page },
      { path: '/near', component: page },
      {
        path: '/far',
        component() {
          asked.resolve()
          return chunk.promise
        },
      },
    ],
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that it uses of a connection
  const { page: awaited } = awaitPages(routes, away as unknown as Parameters<typeof awaitPages>[1])
  await routes.push('/')
  const gone = routes.push('/far').catch(() => {})
  await asked.promise
  const lose = async () => {
    chunk.reject(new TypeError('Failed to fetch dynamically imported module'))
    await gone
  }
  return { routes, awaited, lose }
}

test('a page whose chunk cannot be had is awaited, until another is opened', async () => {
  const { routes, awaited, lose } = await open()
  await lose()
  expect(awaited.value?.fullPath).toBe('/far')
  await routes.push('/near')
  expect(awaited.value).toBeUndefined()
})

test('a page is not awaited where somebody has gone elsewhere before its chunk was given up', async () => {
  const { routes, awaited, lose } = await open()
  await routes.push('/near')
  await lose()
  expect(awaited.value).toBeUndefined()
})
