// OpenAI's Agents SDK for Node, over chat completions and over responses: `agents.mjs chat|responses`.
import { Agent, run, setOpenAIAPI, setTracingDisabled, tool, webSearchTool } from '@openai/agents'
import { z } from 'zod'

const kind = { chat: 'chat_completions', responses: 'responses' }[process.argv[2]]
setTracingDisabled(true)
setOpenAIAPI(kind)
const clock = tool({
  name: 'clock',
  description: 'Tell the time in a zone.',
  parameters: z.object({ zone: z.string() }),
  execute: ({ zone }) => `noon in ${zone}`,
})
const agent = (model, more = {}) => new Agent({ name: 'clerk', model, ...more })

async function stream(asked, question = 'Hello') {
  const result = await run(asked, question, { stream: true })
  let said = ''
  for await (const piece of result.toTextStream()) said += piece
  await result.completed
  return said
}

async function reasoning() {
  const modelSettings = { reasoning: { effort: 'high', summary: 'auto' } }
  const result = await run(agent('think', { modelSettings }), 'Hello')
  const more = [...result.history, { role: 'user', content: 'And?' }]
  return (await run(agent('think'), more)).finalOutput
}

const out = {
  text: (await run(agent('normal', { instructions: 'Be brief.' }), 'Hello')).finalOutput,
  stream: await stream(agent('normal')),
  reasoning_stream: await stream(agent('think')),
  tools: (await run(agent('tool_loop', { tools: [clock] }), 'What time is it?')).finalOutput,
  tools_stream: await stream(agent('tool_loop', { tools: [clock] }), 'What time is it?'),
  form: (
    await run(
      agent('form', { outputType: z.object({ city: z.string(), people: z.number() }) }),
      'A city?',
    )
  ).finalOutput,
  history: await reasoning(),
  missing: await run(agent('missing'), 'Hello').catch((error) => error.message),
}
if (kind === 'responses') {
  const tools = [webSearchTool(), clock]
  out.hosted = (await run(agent('tool_loop', { tools }), 'What time is it?')).finalOutput
}
console.log(JSON.stringify(out))
