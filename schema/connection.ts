import type { ArgBuilder, ObjectRef } from '@pothos/core'

import type { PageRequest, RowOrder, RowPage } from '../db/keyset.ts'
import { badUserInput } from './bad-user-input.ts'
import { builder } from './builder.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

const maxPageSize = 200

interface Edge<Row> {
  cursor: string
  node: Row
}

export interface Connection<Row> {
  edges: Edge<Row>[]
  hasNextPage: boolean
  hasPreviousPage: boolean
  /** Called only where `totalCount` is asked for. */
  count: () => Promise<number>
}

export interface PageArgs {
  first?: number | null | undefined
  after?: string | null | undefined
  last?: number | null | undefined
  before?: string | null | undefined
}

type Args = ArgBuilder<(typeof builder)['$inferSchemaTypes']>

/** The arguments of every list. */
export function pageArgs(t: Args) {
  return {
    first: t.int({
      description: `How many from the start, or behind \`after\`: 1 to ${maxPageSize}. Either \`first\` or \`last\` is required.`,
    }),
    after: t.string({ description: 'Cursor: only what comes behind it.' }),
    last: t.int({
      description: `How many from the end, or before \`before\`: 1 to ${maxPageSize}. Either \`first\` or \`last\` is required.`,
    }),
    before: t.string({ description: 'Cursor: only what comes before it.' }),
  }
}

/** Connection and edge types of a list; `what` names its entries in the descriptions: `jobs`. */
export function connectionType<Row>(node: ObjectRef<(typeof builder)['$inferSchemaTypes'], Row>, what: string) {
  const edge = builder.objectRef<Edge<Row>>(`${node.name}Edge`)
  edge.implement({
    description: `An entry of a list of ${what}.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', {
        description: 'Its place in the list: pass it as `after` or `before`. Opaque.',
      }),
      node: t.field({ type: node, description: 'The entry itself.', resolve: (parent) => parent.node as never }),
    }),
  })
  const connection = builder.objectRef<Connection<Row>>(`${node.name}Connection`)
  connection.implement({
    description: `A page of ${what}.`,
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        description: 'The entries, each with its cursor.',
        resolve: (parent) => parent.edges,
      }),
      nodes: t.field({
        type: [node],
        description: 'The entries without their cursors.',
        resolve: (parent) => parent.edges.map((e) => e.node) as never,
      }),
      pageInfo: t.field({
        type: pageInfo,
        description: 'Where this page lies in the list.',
        resolve: (parent) => parent,
      }),
      totalCount: t.float({
        nullable: true,
        description: `All ${what} that the filter lets through, on whatever page. Counted when asked for, which takes time where there are millions.`,
        resolve: (parent) => parent.count(),
      }),
    }),
  })
  return connection
}

const pageInfo = builder.objectRef<Connection<unknown>>('PageInfo').implement({
  description: 'Where a page lies in its list.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether there is more behind this page.' }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', { description: 'Whether there is more before this page.' }),
    startCursor: t.string({
      nullable: true,
      description: 'Cursor of the first entry; null when the page is empty.',
      resolve: ({ edges }) => edges[0]?.cursor,
    }),
    endCursor: t.string({
      nullable: true,
      description: 'Cursor of the last entry; null when the page is empty.',
      resolve: ({ edges }) => edges.at(-1)?.cursor,
    }),
  }),
})

/**
 * One page of a list. `order` is the name of the order, which cursors carry: one of another order is refused. Throws BAD_USER_INPUT
 * unless either `first` or `last` is there and within its limits.
 */
export async function connect<Row>(
  args: PageArgs,
  order: RowOrder<Row> & { name: string },
  list: (page: PageRequest) => Promise<RowPage<Row>>,
  count: () => Promise<number>,
): Promise<Connection<Row>> {
  const page = await list(pageRequest(args, order))
  return {
    edges: page.rows.map((node) => ({ cursor: encodeCursor(order.name, order.keyOf(node)), node })),
    hasNextPage: page.hasNext,
    hasPreviousPage: page.hasPrevious,
    count,
  }
}

function pageRequest<Row>(
  { first, last, after, before }: PageArgs,
  order: RowOrder<Row> & { name: string },
): PageRequest {
  if ((first == null) === (last == null))
    throw badUserInput(`Either first or last is required, from 1 to ${maxPageSize}.`)
  const limit = first ?? last!
  if (limit < 1 || limit > maxPageSize)
    throw badUserInput(`${first == null ? 'last' : 'first'} must be from 1 to ${maxPageSize}, not ${limit}.`)
  const key = (cursor: string | null | undefined) =>
    cursor == null ? undefined : decodeCursor(cursor, order.name, order.columns)
  return { limit, backward: first == null, after: key(after), before: key(before) }
}
