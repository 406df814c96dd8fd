import icons from '@nuxt/ui/runtime/vue/plugins/icons.js'
import urql from '@urql/vue'
import { createApp } from 'vue'

import App from './App.vue'
import { connectionKey, createConnection, reconnectOnWake } from './connection.ts'
import { createApiClient, graphql } from './graphql.ts'
import { createRoutes } from './router.ts'
import { createSession, sessionKey } from './session.ts'
import { readStored, writeStored } from './ui/stored.ts'

/** The address that was loaded anew because its chunk was missing: twice would be a circle. */
const triedKey = 'mailquarry.tried'

const socketUrl = new URL('/graphql', location.href)
socketUrl.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'

const session = createSession()
const connection = createConnection(socketUrl.href)
const api = createApiClient(connection, session)
reconnectOnWake(connection)

// A refused WebSocket does not say why; a plain request does, and a 401 brings the login.
const Probe = graphql(`
  query Probe {
    __typename
  }
`)
connection.onFailedTry((tries) => {
  if (tries % 10 === 2) void api.query(Probe, {}, { requestPolicy: 'network-only' }).toPromise()
})

const routes = createRoutes()
// A page whose chunk cannot be had: the server is away, or has been built anew. A full load brings it, once the server is back.
routes.onError((_error, to) => {
  if (readStored(triedKey) === to.fullPath) return
  const load = () => {
    writeStored(triedKey, to.fullPath)
    location.assign(to.fullPath)
  }
  if (connection.state.value === 'live') load()
  else connection.onReconnect(load)
})
routes.afterEach(() => writeStored(triedKey, undefined))

createApp(App)
  .use(routes)
  .use(icons)
  .use(urql, api)
  .provide(connectionKey, connection)
  .provide(sessionKey, session)
  .mount('#app')
