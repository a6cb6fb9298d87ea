// An agent on the official JavaScript SDK, in every binding and version that it serves:
// node agent.mjs [--name NAME]
//
// Listens on loopback, where A2A_PORT and A2A_GRPC_PORT say. Answers `hello` with a message, `work`
// with a task of three steps, and `wait` with a task that runs until it is cancelled. It knows
// nothing of Cloister.

import { parseArgs, promisify } from "node:util";
import {
  AgentCard,
  AGENT_CARD_PATH,
  Message,
  Task,
  TaskArtifactUpdateEvent,
  TaskStatusUpdateEvent,
} from "@a2a-js/sdk";
import { LegacyA2AService, legacyGrpcService } from "@a2a-js/sdk/compat/v0_3/server/grpc";
import { AgentEvent, DefaultRequestHandler, InMemoryTaskStore } from "@a2a-js/sdk/server";
import {
  agentCardHandler,
  jsonRpcHandler,
  restHandler,
  UserBuilder,
} from "@a2a-js/sdk/server/express";
import { A2AService, grpcService } from "@a2a-js/sdk/server/grpc";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import express from "express";

const LOOPBACK = "127.0.0.1";

const PARTS = [
  { text: "größer als 1" },
  { data: { list: [1, 2.5, null], nested: { empty: {} } } },
  { url: "https://example.org/a.bin", mediaType: "application/octet-stream", filename: "a.bin" },
];

/** Answers, works or waits. */
class Steps {
  /** What ends each task that waits. */
  #waiting = new Map();

  async execute({ userMessage, taskId, contextId }, bus) {
    const text = userMessage.parts[0].content.value;
    if (text === "hello") return bus.publish(AgentEvent.message(said("hello to you", { contextId })));
    const ids = { taskId, contextId };
    const status = { state: "TASK_STATE_WORKING" };
    bus.publish(AgentEvent.task(Task.fromJSON({ id: taskId, contextId, status })));
    if (text === "wait") return new Promise((end) => this.#waiting.set(taskId, { ids, end }));
    PARTS.forEach((part, at) => {
      const artifact = { artifactId: "steps", name: "steps", parts: [part] };
      const update = { ...ids, artifact, append: at > 0, lastChunk: at === 2 };
      bus.publish(AgentEvent.artifactUpdate(TaskArtifactUpdateEvent.fromJSON(update)));
    });
    bus.publish(changed(ids, "TASK_STATE_COMPLETED", said("done", ids)));
  }

  async cancelTask(taskId, bus) {
    const { ids, end } = this.#waiting.get(taskId);
    this.#waiting.delete(taskId);
    bus.publish(changed(ids, "TASK_STATE_CANCELED"));
    end();
  }
}

function said(text, ids) {
  const messageId = crypto.randomUUID();
  return Message.fromJSON({ ...ids, messageId, role: "ROLE_AGENT", parts: [{ text }] });
}

function changed(ids, state, message) {
  const status = { state, timestamp: new Date().toISOString() };
  const update = TaskStatusUpdateEvent.fromJSON({ ...ids, status });
  update.status.message = message;
  return AgentEvent.statusUpdate(update);
}

/** The agent's card, with every binding in both versions. */
function card(name, http, rpc) {
  const at = { JSONRPC: `${http}/jsonrpc`, "HTTP+JSON": `${http}/rest`, GRPC: rpc };
  const offered = (protocolVersion) =>
    Object.entries(at).map(([protocolBinding, url]) => ({ url, protocolBinding, protocolVersion }));
  return AgentCard.fromJSON({
    name,
    description: "Answers, works and waits.",
    version: "0.1.0",
    supportedInterfaces: ["1.0", "0.3"].flatMap(offered),
    capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: true },
    defaultInputModes: ["text/plain"],
    defaultOutputModes: ["text/plain"],
    skills: [{ id: "steps", name: "Steps", description: "Takes steps.", tags: ["test"] }],
  });
}

/** What the card is for whoever asks for more. */
function extended(card) {
  const more = { id: "more", name: "More", description: "Not for everybody.", tags: ["test"] };
  const { skills, ...rest } = AgentCard.toJSON(card);
  return AgentCard.fromJSON({ ...rest, skills: [...skills, more] });
}

const { values } = parseArgs({ options: { name: { type: "string", default: "outsider" } } });
const [port, rpcPort] = [process.env.A2A_PORT, process.env.A2A_GRPC_PORT].map(Number);
const rpcAddress = `${LOOPBACK}:${rpcPort}`;
const agentCard = card(values.name, `http://${LOOPBACK}:${port}`, rpcAddress);
const requestHandler = new DefaultRequestHandler(
  agentCard,
  new InMemoryTaskStore(),
  new Steps(),
  undefined,
  undefined,
  undefined,
  async () => extended(agentCard),
);
const served = { requestHandler, userBuilder: UserBuilder.noAuthentication };
const legacyCompat = { enabled: true };

const rpc = new Server();
rpc.addService(A2AService, grpcService(served));
rpc.addService(LegacyA2AService, legacyGrpcService(served));
await promisify(rpc.bindAsync).call(rpc, rpcAddress, ServerCredentials.createInsecure());

const app = express();
app.use(`/${AGENT_CARD_PATH}`, agentCardHandler({ agentCardProvider: requestHandler, legacyCompat }));
app.use("/jsonrpc", jsonRpcHandler({ ...served, legacyCompat }));
app.use("/rest", restHandler({ ...served, legacyCompat }));
app.listen(port, LOOPBACK);
