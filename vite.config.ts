import { join } from 'node:path'

import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

import { LongFilesFirst } from './test/support/long-files-first.ts'

/** Where `npm run dev` listens. It answers pages of its own address only, so that is where requests seem to come from. */
const api = {
  target: 'http://127.0.0.1:4000',
  changeOrigin: true,
  headers: { origin: 'http://127.0.0.1:4000' },
}

/** Each of these files has a process of its own: tests of whole workers, their clocks and their ends, and of the schema, which is made once a process. */
const apart = [
  'test/{engine,chaos}/*.test.ts',
  'db/embedded*.test.ts',
  'schema/*.test.ts',
  'test/{schema,kinds.conformance}.test.ts',
]

const unit = {
  // Many wait for processes, clocks and the network most of the time.
  maxWorkers: 3,
  sequence: { groupOrder: 1 },
  testTimeout: 240_000,
  hookTimeout: 120_000,
  root: import.meta.dirname,
}

export default defineConfig({
  root: 'client',
  plugins: [
    vue(),
    ui({
      // Its templates go to node_modules/.nuxt-ui of the project, and only what the app uses is styled and bundled.
      root: import.meta.dirname,
      autoImport: false,
      components: false,
      colorMode: false,
      // Without it icons would come from a host on the Internet while the app runs.
      icon: { clientBundle: { scan: { globInclude: ['client/**/*.{vue,ts}'], globExclude: ['client/dist/**'] } } },
      experimental: { componentDetection: true },
    }),
  ],
  cacheDir: '../node_modules/.vite',
  build: { outDir: 'dist', emptyOutDir: true },
  server: {
    proxy: {
      // From end to end: /graphql.ts is a module of the app.
      '^/graphql$': { ...api, ws: true },
      '^/login$': api,
    },
  },
  test: {
    // of the root: once a run, for all projects
    globalSetup: join(import.meta.dirname, 'test/support/global-setup.ts'),
    sequence: { sequencer: LongFilesFirst },
    projects: [
      {
        // As Node resolves them: graphql has a second copy under the condition `development`, and two copies do not mix.
        ssr: { resolve: { conditions: ['module', 'node'] } },
        test: {
          ...unit,
          name: 'unit',
          // A process loads the modules once for all of its files.
          isolate: false,
          include: ['{server,schema,jobs,db,client}/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...apart, 'test/browser/**', '**/node_modules/**'],
        },
      },
      {
        ssr: { resolve: { conditions: ['module', 'node'] } },
        test: { ...unit, name: 'apart', include: apart },
      },
      {
        ssr: { resolve: { conditions: ['module', 'node'] } },
        test: {
          name: 'browser',
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          testTimeout: 240_000,
          hookTimeout: 120_000,
          root: import.meta.dirname,
          include: ['test/browser/**/*.test.ts'],
        },
      },
    ],
  },
})
