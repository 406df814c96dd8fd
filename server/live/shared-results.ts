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
import { Follower, over, type Take } from './follower.ts'

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
  results: WeakMap<object, SharedResult | Promise<SharedResult>>
}

/**
 * As graphql's own `subscribe`, but sources are followers, and what one gives is executed and serialised once for all who subscribe to the same document
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
  return async (args: ExecutionArgs): Promise<ExecutionResult | Follower<SharedResult>> => {
    const validated = validateSubscriptionArgs(args)
    if (!('schema' in validated)) return { errors: validated }
    const source = await createSourceEventStream(validated)
    if (!(Symbol.asyncIterator in source)) return source
    if (!(source instanceof Follower)) throw new Error('a subscription does not stand on a follower')
    const key = keyOf(validated, args)
    const group = enter(key, validated)
    return new SharedFollower(source as Follower<object>, { group, maskError, leave: () => leave(key, group) })
  }
}

interface Sharing {
  group: Group
  maskError: (error: unknown) => GraphQLError
  leave(): void
}

/** What a subscriber gets of a source: its items, executed and serialised for all of the group. */
class SharedFollower extends Follower<SharedResult> {
  readonly #source: Follower<object>
  readonly #of: Sharing
  #ready: SharedResult | undefined

  constructor(source: Follower<object>, of: Sharing) {
    super()
    this.#source = source
    this.#of = of
    source.onNews(() => this.wake())
  }

  protected advance(): Take<SharedResult> {
    const ready = this.#ready
    if (ready) {
      this.#ready = undefined
      return ready
    }
    try {
      const item = this.#source.take()
      if (item === over || item === undefined) return item
      if (item instanceof Promise) return item.catch((error: unknown) => this.#fail(error))
      const { group } = this.#of
      const known = group.results.get(item) ?? this.#execute(group, item)
      if (!(known instanceof Promise)) return known
      return known.then(
        (result) => void (this.#ready = result),
        (error: unknown) => this.#fail(error),
      )
    } catch (error) {
      return this.#fail(error)
    }
  }

  protected leave(): void {
    this.#of.leave()
    this.#source.close()
  }

  #execute(group: Group, item: object): SharedResult | Promise<SharedResult> {
    const { maskError } = this.#of
    const executed = executeSubscriptionEvent({ ...group.args, rootValue: item })
    const result =
      executed instanceof Promise
        ? executed.then((later) => {
            const shared = shareable(later, maskError)
            group.results.set(item, shared)
            return shared
          })
        : shareable(executed, maskError)
    group.results.set(item, result)
    return result
  }

  #fail(error: unknown): never {
    this.close()
    throw this.#of.maskError(error)
  }
}

function shareable(result: ExecutionResult, maskError: (error: unknown) => GraphQLError): SharedResult {
  if (result.errors) return { ...result, errors: result.errors.map(maskError) }
  const text = JSON.stringify(result)
  return { ...result, stringify: () => text, bytes: Buffer.from(text) }
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
