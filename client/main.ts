import icons from '@nuxt/ui/runtime/vue/plugins/icons.js'
import urql from '@urql/vue'
import { createApp } from 'vue'

import App from './App.vue'
import { awaitedPageKey, awaitPages } from './awaited-page.ts'
import { connectionKey, createConnection, reconnectOnWake } from './connection.ts'
import { createApiClient, graphql } from './graphql.ts'
import { createPageCommands, pageCommandsKey } from './palette/page-commands.ts'
import { createRoutes } from './router.ts'
import { createSession, sessionKey } from './session.ts'

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
createApp(App)
  .use(routes)
  .use(icons)
  .use(urql, api)
  .provide(connectionKey, connection)
  .provide(sessionKey, session)
  .provide(pageCommandsKey, createPageCommands())
  .provide(awaitedPageKey, awaitPages(routes, connection))
  .mount('#app')
