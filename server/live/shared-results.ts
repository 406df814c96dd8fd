import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  executeSubscriptionEvent,
  GraphQLError,
  Kind,
  validateSubscriptionArgs,
  type ValidatedSubscriptionArgs,
  visit,
} from 'graphql'

import type { Context } from '../../schema/context.ts'

/** A result that many get. Where it has no errors, its JSON text is there too, made once, and its bytes. */
export interface SharedResult extends ExecutionResult {
  stringify?: () => string
  bytes?: Buffer
}

/** Subscribers of the same document, variables and viewer. */
interface Group {
  args: ValidatedSubscriptionArgs
  subscribers: number
  /** By the item that the feed yielded. It is held by the feed alone, and what was made of it goes with it. */
  results: WeakMap<object, Promise<SharedResult>>
}

/**
 * As graphql's own `subscribe`, but what the source yields is executed and serialised once for all who subscribe to the same document
 * with the same variables as the same viewer: sources yield the same object to all. Variables that stand only in the arguments of the
 * subscription's own field may differ (`after` does): the source has taken them into account, and that field's `resolve` does not look
 * at its arguments. `maskError` makes errors fit for clients, once too.
 */
export function createSharedSubscribe(maskError: (error: unknown) => GraphQLError) {
  const groupsByDocument = new WeakMap<DocumentNode, Map<string, Group>>()

  const enter = (key: string, args: ValidatedSubscriptionArgs): Group => {
    const groups = groupsByDocument.get(args.document) ?? new Map<string, Group>()
    groupsByDocument.set(args.document, groups)
    const group = groups.get(key) ?? { args, subscribers: 0, results: new WeakMap() }
    groups.set(key, group)
    group.subscribers++
    return group
  }
  const leave = (key: string, group: Group) => {
    if (--group.subscribers > 0) return
    const groups = groupsByDocument.get(group.args.document)
    if (groups?.get(key) === group) groups.delete(key)
  }
  const execute = async (group: Group, item: object): Promise<SharedResult> => {
    const result = await executeSubscriptionEvent({ ...group.args, rootValue: item })
    if (result.errors) return { ...result, errors: result.errors.map(maskError) }
    const text = JSON.stringify(result)
    return { ...result, stringify: () => text, bytes: Buffer.from(text) }
  }

  return async (args: ExecutionArgs): Promise<ExecutionResult | AsyncIterableIterator<SharedResult>> => {
    const validated = validateSubscriptionArgs(args)
    if (!('schema' in validated)) return { errors: validated }
    const source = await createSourceEventStream(validated)
    if (!(Symbol.asyncIterator in source)) return source
    const items = source[Symbol.asyncIterator]()
    const key = keyOf(validated, args)
    const group = enter(key, validated)
    let over = false
    const end = () => {
      if (!over) leave(key, group)
      over = true
      return { done: true as const, value: undefined }
    }
    const results: AsyncIterableIterator<SharedResult> = {
      async next() {
        if (over) return end()
        try {
          const { done, value: item } = (await items.next()) as IteratorResult<object, void>
          if (done) return end()
          const known = group.results.get(item)
          if (known) return { done: false, value: await known }
          const result = execute(group, item)
          group.results.set(item, result)
          return { done: false, value: await result }
        } catch (error) {
          end()
          throw maskError(error)
        }
      },
      async return() {
        end()
        await items.return?.()
        return end()
      },
      [Symbol.asyncIterator]: () => results,
    }
    return results
  }
}

function keyOf({ document, operation, contextValue }: ValidatedSubscriptionArgs, args: ExecutionArgs): string {
  const matters = variablesInside(document)
  const variables = Object.entries(args.variableValues ?? {}).filter(([name]) => matters.has(name))
  const { viewer } = contextValue as Context
  return JSON.stringify([operation.name?.value, viewer, variables.sort(([a], [b]) => (a < b ? -1 : 1))])
}

const insideByDocument = new WeakMap<DocumentNode, Set<string>>()

/** The variables that stand anywhere but in the arguments of a subscription's own field. */
function variablesInside(document: DocumentNode): Set<string> {
  const known = insideByDocument.get(document)
  if (known) return known
  const inside = new Set<string>()
  visit(document, {
    VariableDefinition: () => false,
    Argument(_node, _key, _parent, path) {
      // definitions, n, selectionSet, selections, n, arguments, n
      const ofRootField = path.length === 7 && document.definitions[Number(path[1])]?.kind === Kind.OPERATION_DEFINITION
      return ofRootField ? false : undefined
    },
    Variable: (node) => void inside.add(node.name.value),
  })
  insideByDocument.set(document, inside)
  return inside
}
