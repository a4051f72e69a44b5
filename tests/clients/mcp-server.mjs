// A tool server of the protocol before 2026-07-28: `node mcp-server.mjs PORT`.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

const sessions = new Map();
const opened = new Set();
const text = (said) => ({ content: [{ type: 'text', text: said }] });

function tools() {
  const server = new McpServer({ name: 'node', version: '1.0.0' });
  server.registerTool(
    'add',
    { description: 'Add two numbers.', inputSchema: { a: z.number(), b: z.number() }, annotations: { readOnlyHint: true, openWorldHint: false } },
    ({ a, b }) => text(String(a + b)),
  );
  server.registerTool('refuse', { description: 'Refuse.' }, () => ({ ...text('Not today.'), isError: true }));
  server.registerTool('order', { description: 'Order something, for which the person is asked.' }, async () => {
    const { action, content } = await server.server.elicitInput({
      message: 'How many?',
      requestedSchema: { type: 'object', properties: { count: { type: 'integer', minimum: 1 } }, required: ['count'] },
    });
    return text(action === 'accept' ? `Ordered ${content.count}.` : `Not ordered: ${action}.`);
  });
  server.registerTool('pay', { description: 'Pay, for which a page has to be opened.' }, ({ sessionId }) => {
    if (opened.size > 0) return text('Paid.');
    opened.add(sessionId);
    throw new UrlElicitationRequiredError([{ mode: 'url', message: 'Pay here.', url: 'https://pay.example.org/1', elicitationId: randomUUID() }]);
  });
  server.registerTool('ask_model', { description: 'Ask the model of the client.' }, async () => {
    const messages = [{ role: 'user', content: { type: 'text', text: 'Hello?' } }];
    return text(JSON.stringify(await server.server.createMessage({ messages, maxTokens: 10 })));
  });
  return server;
}

async function answer(request, response) {
  const id = request.headers['mcp-session-id'];
  let transport = sessions.get(id);
  if (!transport) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (session) => sessions.set(session, transport),
      onsessionclosed: (session) => sessions.delete(session),
    });
    await tools().connect(transport);
  }
  await transport.handleRequest(request, response);
}

createServer((request, response) => void answer(request, response)).listen(Number(process.argv[2]), '127.0.0.1');
