import { type Content, content, revalidate } from './content.ts'

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Mailquarry GraphiQL</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/graphiql/graphiql.css" />
    <script defer src="/graphiql/workers.js"></script>
    <script defer src="/graphiql/graphiql.js"></script>
    <script defer src="/graphiql/start.js"></script>
  </head>
  <body class="no-focus-outline">
    <noscript>GraphiQL needs JavaScript.</noscript>
    <div id="root"></div>
  </body>
</html>
`

const workers = `self.MonacoEnvironment = {
  globalAPI: false,
  getWorkerUrl: (_module, label) => '/graphiql/' + ({ json: 'json', graphql: 'graphql' }[label] ?? 'editor') + '.worker.js',
}
`

const firstQuery = `# The API of Mailquarry. Everything has a description: hover it, or open the book at the left.
query RecentJobs {
  jobs(first: 10) {
    nodes {
      id
      kind
      state
      title
      progress {
        done
        total
        results
      }
    }
  }
}
`

const start = `YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), ${JSON.stringify({
  endpoint: '/graphql',
  title: 'Mailquarry GraphiQL',
  defaultQuery: firstQuery,
  subscriptionsProtocol: 'WS',
})})
`

const javascript = 'text/javascript; charset=utf-8'
let loading: Promise<Map<string, Content>> | undefined

export const graphiqlPage = content(page, 'text/html; charset=utf-8', revalidate)

/**
 * A file below /graphiql/. Its package is made to be put inline into one page; here its parts are files of our own, so that the strict
 * Content-Security-Policy holds, and nothing comes from another host. Loaded when first asked for: it is 9 MB.
 */
export async function graphiqlFile(path: string): Promise<Content | undefined> {
  loading ??= loadFiles()
  return (await loading).get(path)
}

async function loadFiles(): Promise<Map<string, Content>> {
  const parts = await import('@graphql-yoga/render-graphiql/graphiql')
  return new Map([
    ['/graphiql/graphiql.js', content(parts.js, javascript, revalidate)],
    ['/graphiql/graphiql.css', content(parts.css, 'text/css; charset=utf-8', revalidate)],
    ['/graphiql/editor.worker.js', content(parts.editorWorkerService, javascript, revalidate)],
    ['/graphiql/json.worker.js', content(parts.jsonWorker, javascript, revalidate)],
    ['/graphiql/graphql.worker.js', content(parts.graphqlWorker, javascript, revalidate)],
    ['/graphiql/workers.js', content(workers, javascript, revalidate)],
    ['/graphiql/start.js', content(start, javascript, revalidate)],
  ])
}
