import { createRouter, createWebHistory } from 'vue-router'
import type { Router } from 'vue-router'

import { rememberedJob } from './jobs/remembered-job.ts'

declare module 'vue-router' {
  interface RouteMeta {
    /** Stands before the product's name in the tab; a page with a better one sets it itself. */
    title?: string
  }
}

/** Every page is a chunk of its own. */
export function createRoutes(): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/', redirect: { name: 'jobs' } },
      { path: '/jobs', name: 'jobs', component: () => import('./jobs/JobsPage.vue'), meta: { title: 'Jobs' } },
      {
        path: '/jobs/new',
        name: 'new-job',
        component: () => import('./jobs/NewJobPage.vue'),
        meta: { title: 'New job' },
      },
      {
        path: '/jobs/last',
        name: 'last-job',
        redirect: () => {
          const id = rememberedJob('last')
          return id ? { name: 'job', params: { id } } : { name: 'jobs' }
        },
      },
      {
        path: '/jobs/:id',
        component: () => import('./jobs/JobPage.vue'),
        props: true,
        meta: { title: 'Job' },
        children: [
          { path: '', name: 'job', component: () => import('./jobs/JobYield.vue') },
          { path: 'pages', name: 'job-pages', component: () => import('./jobs/JobPages.vue') },
          { path: 'log', name: 'job-log', component: () => import('./jobs/JobLog.vue') },
          { path: 'input', name: 'job-input', component: () => import('./jobs/JobInput.vue') },
        ],
      },
      {
        path: '/addresses',
        name: 'addresses',
        component: () => import('./addresses/AddressesPage.vue'),
        meta: { title: 'Addresses' },
      },
      {
        // In the query: a path that ends like a file name is one for the server.
        path: '/address',
        name: 'address',
        component: () => import('./addresses/AddressPage.vue'),
        props: ({ query }) => ({ email: typeof query.email === 'string' ? query.email : '' }),
        meta: { title: 'Address' },
      },
      {
        path: '/verification',
        name: 'verification',
        component: () => import('./verification/VerificationPage.vue'),
        meta: { title: 'Verification' },
      },
      {
        path: '/suppressions',
        name: 'suppressions',
        component: () => import('./suppressions/SuppressionsPage.vue'),
        meta: { title: 'Suppressions' },
      },
      {
        path: '/settings',
        name: 'settings',
        component: () => import('./settings/SettingsPage.vue'),
        meta: { title: 'Settings' },
      },
      {
        path: '/workers',
        name: 'workers',
        component: () => import('./workers/WorkersPage.vue'),
        meta: { title: 'Workers' },
      },
      {
        path: '/:rest(.*)*',
        name: 'nowhere',
        component: () => import('./ui/NowherePage.vue'),
        meta: { title: 'Not found' },
      },
    ],
    // A filter or a tab changes the query and leaves the page where it is; another page begins at its top.
    scrollBehavior(to, from, saved) {
      if (saved) return saved
      return to.matched[0] === from.matched[0] ? undefined : { top: 0 }
    },
  })
  router.afterEach((to) => {
    document.title = to.meta.title ? `${to.meta.title} · Mailquarry` : 'Mailquarry'
  })
  return router
}
