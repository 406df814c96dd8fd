import { startFakeApi } from './fake-api.ts'
import type { ApiReply, FakeApi } from './fake-api.ts'

export type AiTrouble = 'outOfQuota' | 'throttled' | 'badRequest'

export interface ChatRequest {
  model: string
  messages: { role: string; content: string }[]
  response_format?: { type: string; json_schema?: { name: string; schema: JsonSchema; strict?: boolean } }
  max_tokens?: number
}

export interface JsonSchema {
  type?: string | string[]
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  enum?: unknown[]
  const?: unknown
  minItems?: number
  anyOf?: JsonSchema[]
}

/** The text of one answer, an object that becomes JSON, or a whole message with the reason of its end. */
export type ChatAnswer =
  | string
  | { json: unknown }
  | { message: { content: string | null; refusal?: string }; finishReason?: 'stop' | 'length' | 'content_filter' }

export interface Ai extends FakeApi<AiTrouble> {
  /** Answers to come, in turn; without them something that fits the schema, or a sentence. */
  answers: (ChatAnswer | ((request: ChatRequest) => ChatAnswer))[]
  /** Refuses `response_format`, as smaller servers do. */
  refusesSchema: boolean
  /** False for servers that count no tokens. */
  countsTokens: boolean
}

/** An OpenAI-compatible endpoint, from "AI" in providers.md. `url` is what AI_BASE_URL would be. */
export async function startAi(key = 'ai-test-key'): Promise<Ai> {
  const api = await startFakeApi<AiTrouble>(
    {
      basePath: '/v1',
      keyOf: ({ headers }) => headers.authorization?.replace(/^Bearer /, ''),
      troubles: {
        wrongKey: failure(401, 'invalid_api_key', 'Incorrect API key provided'),
        outOfQuota: failure(429, 'insufficient_quota', 'You exceeded your current quota'),
        throttled: failure(429, 'rate_limit_exceeded', 'Rate limit reached'),
        badRequest: failure(400, null, 'The request is wrong'),
      },
      routes: [
        {
          method: 'POST',
          path: '/v1/chat/completions',
          body: [
            'model',
            'messages',
            'response_format?',
            'max_tokens?',
            'max_completion_tokens?',
            'temperature?',
            'seed?',
          ],
          refuses: ({ body }) => (ai.refusesSchema && (body as ChatRequest).response_format ? noSchema : undefined),
          answer({ body }) {
            const request = body as ChatRequest
            const next = ai.answers.shift() ?? fitting(request)
            return { body: completion(request, typeof next === 'function' ? next(request) : next, ai.countsTokens) }
          },
        },
      ],
    },
    key,
  )
  const ai: Ai = Object.assign(api, { answers: [], refusesSchema: false, countsTokens: true })
  return ai
}

function failure(status: number, code: string | null, message: string): ApiReply {
  return { status, body: { error: { message, type: 'invalid_request_error', param: null, code } } }
}

const noSchema: ApiReply = {
  status: 400,
  body: {
    error: {
      message: "'response_format' of type 'json_schema' is not supported with this model",
      type: 'invalid_request_error',
      param: 'response_format',
      code: null,
    },
  },
}

function completion(request: ChatRequest, answer: ChatAnswer, countsTokens: boolean) {
  const { message, finishReason = 'stop' } =
    typeof answer === 'object' && 'message' in answer
      ? answer
      : { message: { content: typeof answer === 'string' ? answer : JSON.stringify(answer.json) } }
  // About four characters a token, as the published rule of thumb has it.
  const prompt_tokens = Math.ceil(JSON.stringify(request.messages).length / 4)
  const completion_tokens = Math.ceil((message.content ?? '').length / 4)
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
  return {
    id: `chatcmpl-${crypto.randomUUID()}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: request.model,
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finishReason }],
    ...(countsTokens ? { usage } : {}),
  }
}

function fitting(request: ChatRequest): ChatAnswer {
  const schema = request.response_format?.json_schema?.schema
  return schema ? { json: example(schema) } : 'All right.'
}

/** The smallest value that fits a schema. */
function example(schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf) return example(schema.anyOf[0]!)
  const type = [schema.type].flat()[0]
  if (type === 'object') {
    return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, part]) => [name, example(part)]))
  }
  if (type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => example(schema.items ?? {}))
  if (type === 'null') return null
  if (type === 'boolean') return false
  return type === 'number' || type === 'integer' ? 0 : ''
}
