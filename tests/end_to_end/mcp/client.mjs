// Talks to an MCP server with the official TypeScript SDK, and prints what happened as one line of
// JSON: node client.mjs URL legacy|auto

import { Client, ProtocolError, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const [url, mode] = process.argv.slice(2);
const steps = [];

// A result as it was on the wire, without what says how long it may be kept and by whom.
function plain({ ttlMs, cacheScope, ...shown }) {
  return shown;
}

async function step(name, call) {
  try {
    steps.push([name, plain(await call)]);
  } catch (refused) {
    if (!(refused instanceof ProtocolError)) throw refused;
    steps.push([name, { error: [refused.code, refused.message] }]);
  }
}

const client = new Client(
  { name: "test", version: "1.0.0" },
  {
    capabilities: { sampling: {}, elicitation: { form: {} }, roots: {} },
    versionNegotiation: { mode },
  },
);
const content = { name: "Ada", username: "ada", email: "ada@example.org" };
client.setRequestHandler("elicitation/create", async () => ({ action: "accept", content }));
client.setRequestHandler("sampling/createMessage", async () => ({
  role: "assistant",
  content: { type: "text", text: "Paris" },
  model: "none",
}));
client.setRequestHandler("roots/list", async () => ({ roots: [{ uri: "file:///tmp/", name: "tmp" }] }));
const told = [];
client.setNotificationHandler("notifications/message", async ({ params }) => {
  told.push([params.level, params.data]);
});

await client.connect(new StreamableHTTPClientTransport(new URL(url)));
const call = (name, args = {}, options) => client.callTool({ name, arguments: args }, options);

steps.push(["era", client.getProtocolEra()], ["server", client.getServerVersion()?.name]);
await step("tools", client.listTools());
for (const tool of ["test_simple_text", "test_multiple_content_types", "test_error_handling", "no_such_tool"]) {
  await step(tool, call(tool));
}
const progress = [];
const onprogress = (update) => progress.push([update.progress, update.total]);
await step("progress", call("test_tool_with_progress", {}, { onprogress }));
steps.push(["progress", progress]);
if (mode === "legacy") {
  await step("level", client.setLoggingLevel("debug"));
  await step("logging", call("test_tool_with_logging"));
  steps.push(["logging", told]);
  await step("elicitation", call("test_elicitation", { message: "?" }));
  await step("sampling", call("test_sampling", { prompt: "?" }));
} else {
  await step("input", call("test_input_required_result_multiple_inputs"));
}
await step("resources", client.listResources());
await step("templates", client.listResourceTemplates());
for (const uri of ["test://static-text", "test://static-binary", "test://template/7/data", "test://none"]) {
  await step(uri, client.readResource({ uri }));
}
await step("prompts", client.listPrompts());
const args = { arg1: "one", arg2: "two" };
await step("prompt", client.getPrompt({ name: "test_prompt_with_arguments", arguments: args }));
await step("test_image_content", call("test_image_content"));

// Gives up a call that would never end.
const given = await call("wait", {}, { signal: AbortSignal.timeout(500) }).then(
  () => "answered",
  () => "given up",
);
steps.push(["wait", given]);
await step("after", call("test_simple_text"));
await client.close();
console.log(JSON.stringify(steps));
