import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: 'client',
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          root: '.',
          include: ['{server,schema,jobs,db}/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/browser/**', '**/node_modules/**'],
        },
      },
      {
        test: {
          name: 'browser',
          root: '.',
          include: ['test/browser/**/*.test.ts'],
        },
      },
    ],
  },
})
