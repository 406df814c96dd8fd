import type { PageFilter as PageFilterRow, PageRow } from '../db/page-list.ts'
import type { PageBranchRow, PageLevel } from '../db/page-tree.ts'
import type { ErrorCategory as Category } from '../jobs/error-category.ts'
import { builder } from './builder.ts'
import { connectionType } from './connection.ts'
import { ErrorCategory } from './job-enums.ts'

export const PageStatus = builder.enumType('PageStatus', {
  description: 'The fate of a page.',
  values: {
    QUEUED: { description: 'Known, and to be fetched.' },
    FETCHED: { description: 'Fetched and read.' },
    FAILED: { description: 'Could not be fetched or read; the error fields say why.' },
    SKIPPED: { description: 'Left out for a reason, which the error fields give.' },
  } as const,
})

export const Page = builder.objectRef<PageRow>('Page').implement({
  description: 'A page that a job knows of, with what became of it.',
  fields: (t) => ({
    url: t.exposeString('url', { description: 'Its canonical URL.' }),
    parentUrl: t.exposeString('parentUrl', {
      nullable: true,
      description: 'The page that linked to it first; null for a start page.',
    }),
    depth: t.exposeInt('depth', { description: 'Links from the nearest start page, which is 0.' }),
    status: t.field({
      type: PageStatus,
      description: 'What became of it.',
      resolve: ({ status }) => status,
    }),
    httpStatus: t.exposeInt('httpStatus', {
      nullable: true,
      description: 'The HTTP status that the server answered with.',
    }),
    errorCategory: t.field({
      type: ErrorCategory,
      nullable: true,
      description: 'What sort of trouble it had.',
      resolve: ({ errorCategory }) => errorCategory as Category | null,
    }),
    errorMessage: t.exposeString('errorMessage', {
      nullable: true,
      description: 'What went wrong, or why it was left out.',
    }),
    errorDetails: t.expose('errorDetails', {
      type: 'JSON',
      nullable: true,
      description: 'What else is known of the trouble.',
    }),
    fetchMs: t.exposeInt('fetchMs', { nullable: true, description: 'Milliseconds that the fetch took.' }),
    extractMs: t.exposeInt('extractMs', { nullable: true, description: 'Milliseconds that reading it took.' }),
    tokensIn: t.exposeInt('tokensIn', { nullable: true, description: 'Tokens sent to an AI service for it.' }),
    tokensOut: t.exposeInt('tokensOut', { nullable: true, description: 'Tokens received from an AI service for it.' }),
    service: t.exposeString('service', { nullable: true, description: 'The outside service that was asked about it.' }),
    model: t.exposeString('model', { nullable: true, description: 'The model of that service.' }),
    generationId: t.exposeString('generationId', {
      nullable: true,
      description: "That service's own id of its answer.",
    }),
    emailCount: t.exposeInt('emailCount', { description: 'How many different addresses it holds.' }),
    foundAt: t.expose('foundAt', { type: 'DateTime', description: 'When the job learned of it.' }),
    fetchedAt: t.expose('fetchedAt', { type: 'DateTime', nullable: true, description: 'When it met its fate.' }),
  }),
})

export const PageConnection = connectionType(Page, 'pages')

export const PageFilter = builder.inputType('PageFilter', {
  description: 'Which pages of a job. Conditions hold together; an empty list lets nothing through.',
  fields: (t) => ({
    status: t.field({ type: [PageStatus], description: 'Any of these.' }),
    text: t.string({ description: 'Part of the URL, in whatever case.' }),
    category: t.field({ type: [ErrorCategory], description: 'With trouble of any of these sorts.' }),
    host: t.string({ description: "Of this host: its name, with the port where it is not the scheme's own." }),
  }),
})

/** A filter as the database takes it. */
export function pageFilterRow(given: typeof PageFilter.$inferInput | null | undefined): PageFilterRow {
  return {
    statuses: given?.status ?? undefined,
    text: given?.text ?? undefined,
    categories: given?.category ?? undefined,
    host: given?.host ?? undefined,
  }
}

const PageBranch = builder.objectRef<PageBranchRow>('PageBranch').implement({
  description: 'A host, a folder of a host, or a single page, with the sums of the pages in it.',
  fields: (t) => ({
    host: t.exposeString('host', {
      description: "The host: its name, with the port where it is not the scheme's own.",
    }),
    path: t.exposeString('path', {
      description: 'The path from the slash on, with one at the end of a folder; empty for the whole host.',
    }),
    pages: t.exposeFloat('pages', { description: 'How many pages are in it.' }),
    queued: t.exposeFloat('queued', { description: 'How many of them are to be fetched.' }),
    fetched: t.exposeFloat('fetched', { description: 'How many of them were fetched.' }),
    failed: t.exposeFloat('failed', { description: 'How many of them failed.' }),
    skipped: t.exposeFloat('skipped', { description: 'How many of them were left out.' }),
    emails: t.exposeFloat('emails', {
      description: 'Addresses of its pages; one that stands on several is counted on each.',
    }),
    fetchMs: t.exposeInt('fetchMs', { nullable: true, description: 'Milliseconds that a fetch took in the mean.' }),
    page: t.expose('page', { type: Page, nullable: true, description: 'The page, where this is a single one.' }),
  }),
})

export const PageTreeLevel = builder.objectRef<PageLevel>('PageTreeLevel').implement({
  description: 'What lies next to each other in the tree of the pages of a job.',
  fields: (t) => ({
    branches: t.expose('branches', {
      type: [PageBranch],
      description: 'Hosts, the largest first; or folders, then pages, A to Z.',
    }),
    more: t.exposeInt('more', { description: 'How many were left out because there are too many.' }),
  }),
})
