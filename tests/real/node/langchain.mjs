// LangChain for Node. Prints what came out of each step, as JSON.
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { tool } from '@langchain/core/tools'
import { z } from 'zod'

const clock = tool(({ zone }) => `noon in ${zone}`, {
  name: 'clock',
  description: 'Tell the time in a zone.',
  schema: z.object({ zone: z.string() }),
})
const chat = (model, more = {}) => new ChatOpenAI({ model, maxRetries: 0, ...more })

async function stream(more) {
  let said = ''
  for await (const chunk of await chat('normal', more).stream('Hello')) said += chunk.text
  return said
}

async function tools(more) {
  const asking = chat('tool_loop', more).bindTools([clock])
  const messages = [{ role: 'user', content: 'What time is it?' }]
  const asked = await asking.invoke(messages)
  const answer = await clock.invoke(asked.tool_calls[0])
  return (await asking.invoke([...messages, asked, answer])).text
}

const form = chat('form').withStructuredOutput(z.object({ city: z.string(), people: z.number() }))
console.log(
  JSON.stringify({
    text: (await chat('normal').invoke('Hello')).text,
    stream: await stream(),
    tools: await tools(),
    form: await form.invoke('A city?'),
    responses: await stream({ useResponsesApi: true }),
    responses_tools: await tools({ useResponsesApi: true }),
    embedding: await new OpenAIEmbeddings({ model: 'embedder', maxRetries: 0 }).embedQuery('three'),
    missing: await chat('missing').invoke('Hello').catch((error) => error.message),
  }),
)
