import {
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  getOperationAST,
  GraphQLError,
  Kind,
  Lexer,
  parse,
  type SelectionSetNode,
  Source,
  TokenKind,
  type ValidationContext,
  type ValueNode,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'

import { resultsAtOnce } from '../../schema/live-feed.ts'

export interface QueryLimits {
  /** Words and signs of a document. */
  tokens: number
  /** Brackets inside each other: parser and rules call themselves for each. */
  brackets: number
  /** Fields inside each other. */
  depth: number
  /** Fields under another name. */
  aliases: number
  /** Values that an answer can hold, each list of rows counted at its full size and as a query of its own. */
  cost: number
  /** How long lists are at most that are asked for without a number, by the names of their fields. */
  lengths: Record<string, number>
}

/** Far beyond what the app asks for; a hostile document is refused before anything is looked up. */
export const queryLimits: QueryLimits = {
  tokens: 5_000,
  brackets: 100,
  depth: 12,
  aliases: 50,
  cost: 100_000,
  lengths: { results: resultsAtOnce },
}

/** What a list costs besides its rows: it is a query of its own. */
const listCost = 25

/** Refuses documents beyond the limits, with BAD_USER_INPUT and what the limit is. */
export function limitQueries(limits: QueryLimits): Plugin {
  return {
    onParse({ params, setParseFn }) {
      setParseFn((source) => {
        const refusal = nestingRefusal(limits, source)
        if (refusal) throw refusal
        return parse(source, { ...params.options, maxTokens: limits.tokens })
      })
    },
    onValidate({ addValidationRule }) {
      addValidationRule((context: ValidationContext) => depthRule(context, limits.depth))
      addValidationRule((context: ValidationContext) => aliasRule(context, limits.aliases))
    },
    onExecute({ args, setResultAndStopExecution }) {
      const error = costRefusal(limits, args)
      if (error) setResultAndStopExecution({ errors: [error] })
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const error = costRefusal(limits, args)
      if (error) setResultAndStopExecution({ errors: [error] })
    },
  }
}

/** Why a text is nested too deep to be parsed, which takes no stack to find out; undefined where it is not. */
function nestingRefusal(limits: QueryLimits, source: string | Source): GraphQLError | undefined {
  const lexer = new Lexer(typeof source === 'string' ? new Source(source) : source)
  let open = 0
  for (let tokens = 0; tokens <= limits.tokens; tokens++) {
    const { kind } = lexer.advance()
    if (kind === TokenKind.EOF) break
    if (openings.has(kind)) open++
    else if (closings.has(kind)) open--
    if (open > limits.brackets) return refuse(`Brackets are nested more than ${limits.brackets} deep.`)
  }
  return undefined
}
const openings = new Set<TokenKind>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const closings = new Set<TokenKind>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

/** Why an operation would cost too much; undefined where it does not. */
export function costRefusal(
  limits: QueryLimits,
  args: { document: DocumentNode; operationName?: string | null | undefined; variableValues?: unknown },
): GraphQLError | undefined {
  const operation = getOperationAST(args.document, args.operationName)
  const variables = (args.variableValues ?? {}) as Record<string, unknown>
  const cost = operation ? costOf(operation.selectionSet, fragmentsOf(args.document), variables, limits.lengths) : 0
  return cost > limits.cost
    ? refuse(`The answer could hold ${cost} values; at most ${limits.cost} may be asked for at once.`)
    : undefined
}

type Fragments = Map<string, SelectionSetNode>

function depthRule(context: ValidationContext, limit: number): ASTVisitor {
  const fragments = fragmentsOf(context.getDocument())
  return {
    OperationDefinition(operation) {
      const depth = depthOf(operation.selectionSet, fragments)
      if (depth > limit) context.reportError(refuse(`Fields are nested ${depth} deep; at most ${limit} are allowed.`))
    },
  }
}

function aliasRule(context: ValidationContext, limit: number): ASTVisitor {
  let aliases = 0
  return {
    Field(field) {
      if (field.alias && ++aliases === limit + 1) context.reportError(refuse(`There are more than ${limit} aliases.`))
    },
  }
}

/** Introspection goes deeper by nature; graphql-js has a rule of its own against its misuse. */
function depthOf(set: SelectionSetNode, fragments: Fragments, known = new Map<string, number>()): number {
  let deepest = 0
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      if (selection.name.value.startsWith('__')) continue
      const inner = selection.selectionSet ? depthOf(selection.selectionSet, fragments, known) : 0
      deepest = Math.max(deepest, 1 + inner)
    } else if (selection.kind === Kind.INLINE_FRAGMENT)
      deepest = Math.max(deepest, depthOf(selection.selectionSet, fragments, known))
    else {
      const name = selection.name.value
      const fragment = fragments.get(name)
      if (fragment && !known.has(name)) {
        // Ends circles, which are another rule's business.
        known.set(name, 0)
        known.set(name, depthOf(fragment, fragments, known))
      }
      deepest = Math.max(deepest, known.get(name) ?? 0)
    }
  }
  return deepest
}

/** The document is valid by now, so that fragments run in no circle. */
function costOf(
  set: SelectionSetNode,
  fragments: Fragments,
  variables: Record<string, unknown>,
  lengths: Record<string, number>,
  known = new Map<string, number>(),
): number {
  let cost = 0
  for (const selection of set.selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const name = selection.name.value
      const fragment = fragments.get(name)
      const ofFragment = known.get(name) ?? (fragment ? costOf(fragment, fragments, variables, lengths, known) : 0)
      known.set(name, ofFragment)
      cost += ofFragment
    } else if (selection.kind === Kind.INLINE_FRAGMENT)
      cost += costOf(selection.selectionSet, fragments, variables, lengths, known)
    else {
      const inner = selection.selectionSet ? costOf(selection.selectionSet, fragments, variables, lengths, known) : 0
      const rows = rowsOf(selection, variables, lengths)
      cost += 1 + (rows === undefined ? inner : listCost + rows * inner)
    }
  }
  return cost
}

/** How many rows a list was asked for; undefined for a field that is none. */
function rowsOf(
  field: FieldNode,
  variables: Record<string, unknown>,
  lengths: Record<string, number>,
): number | undefined {
  const length = field.selectionSet && lengths[field.name.value]
  if (length !== undefined) return length
  const counts = (field.arguments ?? [])
    .filter((argument) => argument.name.value === 'first' || argument.name.value === 'last')
    .map((argument) => numberIn(argument.value, variables))
  return counts.length === 0 ? undefined : Math.max(0, ...counts)
}

function numberIn(value: ValueNode, variables: Record<string, unknown>): number {
  if (value.kind === Kind.INT) return Number(value.value)
  if (value.kind === Kind.VARIABLE) return Number(variables[value.name.value] ?? 0)
  return 0
}

function fragmentsOf(document: DocumentNode): Fragments {
  const definitions = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
  return new Map(definitions.map((fragment) => [fragment.name.value, fragment.selectionSet]))
}

function refuse(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })
}
