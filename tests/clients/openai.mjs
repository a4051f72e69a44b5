// The official client for Node. `node openai.mjs SCENARIO` prints what came out, as JSON.
import OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { z } from 'zod'

const client = new OpenAI({ maxRetries: 0 }) // OPENAI_BASE_URL, OPENAI_API_KEY
const messages = [{ role: 'user', content: 'Hello there' }]
const clock = { type: 'function', function: { name: 'clock', parameters: { type: 'object' } } }

const scenarios = {
  async create() {
    const answer = await client.chat.completions.create({ model: 'normal', messages })
    const { message, finish_reason } = answer.choices[0]
    return { text: message.content, reason: finish_reason, usage: answer.usage }
  },

  // Put together by the client, which breaks on whatever is repeated or missing.
  async stream() {
    const stream = client.chat.completions.stream({
      model: 'normal',
      messages,
      stream_options: { include_usage: true },
    })
    let deltas = ''
    stream.on('content', (delta) => (deltas += delta))
    const answer = await stream.finalChatCompletion()
    const { message, finish_reason } = answer.choices[0]
    return { deltas, text: message.content, reason: finish_reason, usage: answer.usage }
  },

  async tools() {
    const stream = client.chat.completions.stream({ model: 'tools_many', messages, tools: [clock] })
    const answer = await stream.finalChatCompletion()
    return answer.choices[0].message.tool_calls.map((call) => call.function)
  },

  async runTools() {
    const runner = client.chat.completions.runTools({
      model: 'tool_loop',
      messages,
      stream: true,
      tools: [
        {
          type: 'function',
          function: {
            name: 'clock',
            parameters: { type: 'object', properties: { zone: { type: 'string' } } },
            parse: JSON.parse,
            function: ({ zone }) => `noon in ${zone}`,
          },
        },
      ],
    })
    return await runner.finalContent()
  },

  async parse() {
    const City = z.object({ city: z.string(), people: z.number() })
    const answer = await client.chat.completions.parse({
      model: 'form',
      messages,
      response_format: zodResponseFormat(City, 'city'),
    })
    return answer.choices[0].message.parsed
  },

  async models() {
    const found = []
    for await (const model of client.models.list()) found.push(model.id)
    const { data, request_id } = await client.models.retrieve('normal').withResponse()
    return { found, one: data.id, id: request_id }
  },

  async embeddings() {
    const answer = await client.embeddings.create({ model: 'embedder', input: ['one', 'three'] })
    return answer.data.map((item) => item.embedding)
  },

  async responses() {
    const stream = client.responses.stream({ model: 'normal', input: 'Hello there' })
    return (await stream.finalResponse()).output_text
  },

  // The helper puts the items together, and throws at a part that was never added.
  async reasoning() {
    const found = []
    for (const reasoning of [undefined, { summary: 'auto' }]) {
      const stream = client.responses.stream({ model: 'think', input: 'Hello there', reasoning })
      const { output, output_text } = await stream.finalResponse()
      const { content, summary } = output[0]
      found.push({ text: output_text, content: content ?? [], summary })
    }
    return found
  },

  async completions() {
    const asked = { model: 'normal', prompt: 'Hello there' }
    const answer = await client.completions.create(asked)
    let streamed = ''
    for await (const chunk of await client.completions.create({ ...asked, stream: true })) {
      streamed += chunk.choices[0].text
    }
    return [answer.choices[0].text, streamed]
  },

  async earlyFailure() {
    return await client.chat.completions
      .create({ model: 'missing', messages, stream: true })
      .catch((error) => ({ kind: error.constructor.name, status: error.status, code: error.code }))
  },

  async middleFailure() {
    const stream = await client.chat.completions.create({ model: 'error', messages, stream: true })
    let text = ''
    try {
      for await (const chunk of stream) text += chunk.choices[0].delta.content
    } catch (error) {
      return { text, kind: error.constructor.name, code: error.code }
    }
  },

  async abort() {
    const stream = await client.chat.completions.create({
      model: 'stall:after=3',
      messages,
      stream: true,
    })
    let text = ''
    for await (const chunk of stream) {
      text += chunk.choices[0].delta.content
      if (text.includes('word2')) break // closes the connection
    }
    return text
  },
}

console.log(JSON.stringify(await scenarios[process.argv[2]]()))
