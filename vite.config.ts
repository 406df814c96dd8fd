import { join } from 'node:path'

import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

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
  build: { outDir: 'dist', emptyOutDir: true },
  server: {
    proxy: {
      '/graphql': { target: 'http://127.0.0.1:4000', ws: true },
      '/login': 'http://127.0.0.1:4000',
    },
  },
  test: {
    // of the root: once a run, for all projects
    globalSetup: join(import.meta.dirname, 'test/support/global-setup.ts'),
    projects: [
      {
        test: {
          name: 'unit',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          root: import.meta.dirname,
          include: ['{server,schema,jobs,db,client}/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/browser/**', '**/node_modules/**'],
        },
      },
      {
        test: {
          name: 'browser',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          root: import.meta.dirname,
          include: ['test/browser/**/*.test.ts'],
        },
      },
    ],
  },
})
