// The Vercel AI SDK, by `@ai-sdk/openai-compatible`, and by `@ai-sdk/openai` over `/v1/responses`
// and over chat completions. `node ai-sdk.mjs SCENARIO PACKAGE` prints what came out, as JSON.
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { embedMany, generateText, Output, stepCountIs, streamText, tool } from 'ai'
import { z } from 'zod'

const [scenario, name] = process.argv.slice(2)
const { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: apiKey } = process.env
const compatible = createOpenAICompatible({ name: 'playground', baseURL, apiKey, includeUsage: true })
const openai = createOpenAI({ baseURL, apiKey })
const model = { compatible, responses: openai, chat: openai.chat }[name]
// Nothing is stored here, so the items themselves are sent again.
const providerOptions = { openai: { store: false } }
const settings = { prompt: 'Hello there', maxRetries: 0, providerOptions, onError() {} }
const clock = tool({
  inputSchema: z.object({ zone: z.string() }),
  execute: ({ zone }) => `noon in ${zone}`,
})

const scenarios = {
  async generate() {
    const { text, finishReason, usage } = await generateText({ ...settings, model: model('normal') })
    return { text, reason: finishReason, tokens: usage.outputTokens }
  },

  async stream() {
    const result = streamText({ ...settings, model: model('normal') })
    let text = ''
    for await (const delta of result.textStream) text += delta
    return { text, reason: await result.finishReason, tokens: (await result.usage).outputTokens }
  },

  async reasoning() {
    const result = streamText({ ...settings, model: model('think') })
    return { reasoning: await result.reasoningText, text: await result.text }
  },

  async tools() {
    const result = streamText({
      ...settings,
      model: model('tool_loop'),
      tools: { clock },
      stopWhen: stepCountIs(3),
    })
    return await result.text
  },

  async object() {
    const schema = z.object({ city: z.string(), people: z.number() })
    const { output } = await generateText({
      ...settings,
      model: model('form'),
      output: Output.object({ schema }),
    })
    return output
  },

  async embeddings() {
    const embedder = name === 'compatible' ? compatible : openai
    const values = ['one', 'three']
    return (await embedMany({ model: embedder.embeddingModel('embedder'), values })).embeddings
  },

  async earlyFailure() {
    return await generateText({ ...settings, model: model('missing') }).catch((error) => ({
      status: error.statusCode,
      message: error.message,
    }))
  },

  async middleFailure() {
    const parts = []
    for await (const part of streamText({ ...settings, model: model('error') }).fullStream) {
      parts.push(part)
    }
    const text = parts.map((part) => part.text ?? '').join('')
    return { text, kinds: parts.map((part) => part.type), reason: parts.at(-1).finishReason }
  },

  async abort() {
    const controller = new AbortController()
    const abortSignal = controller.signal
    const result = streamText({ ...settings, model: model('stall:after=3'), abortSignal })
    let text = ''
    for await (const delta of result.textStream) {
      text += delta
      if (text.includes('word2')) controller.abort()
    }
    return text
  },
}

console.log(JSON.stringify(await scenarios[scenario]()))
