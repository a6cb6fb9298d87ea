// Runs every operation of A2A with the official JavaScript SDK: node client.mjs URL INTERFACE...
//
// URL is what the agent's card is beneath; an INTERFACE is a binding and a version, as in
// JSONRPC/1.0. Prints one JSON object: for each interface the steps that were taken. A step has its
// operation, whether the SDK sent a request for it, and what came back.

import {
  AGENT_CARD_PATH,
  ListTaskPushNotificationConfigsRequest,
  ListTasksRequest,
  Role,
  SendMessageRequest,
} from "@a2a-js/sdk";
import {
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from "@a2a-js/sdk/client";
import { GrpcTransportFactory } from "@a2a-js/sdk/client/grpc";

const HOOK = "http://127.0.0.1:9/hook";
const PATIENCE_MS = 30_000;
const tenant = "";

/** What was asked in which order, and what came of it. */
class Transcript {
  steps = [];
  #version;

  constructor(version) {
    this.#version = version;
  }

  /** Waits for what `call` asks, notes what came back, and returns it; nothing for an error. */
  take = async (step, operation, call) => {
    const taken = { step, operation, sent: true };
    this.steps.push(taken);
    try {
      const answer = await call({ signal: AbortSignal.timeout(PATIENCE_MS) });
      taken.answer = answer ?? null;
      return answer;
    } catch (error) {
      const { name, message, envelopeCode, statusCode, status, errorInfo } = error;
      // The SDK has no request for this in the older version, and refuses it by itself.
      taken.sent = !(operation === "list" && this.#version === "0.3");
      taken.error = { type: name, message, code: envelopeCode ?? statusCode ?? status, errorInfo };
    }
  };
}

function message(text, contextId, configuration) {
  const messageId = crypto.randomUUID();
  const request = SendMessageRequest.fromJSON({
    message: { messageId, contextId, parts: [{ text }] },
    configuration,
  });
  request.message.role = Role.ROLE_USER;
  return request;
}

async function collected(events) {
  const all = [];
  for await (const event of events) all.push(event);
  return all;
}

/** Subscribes to a task, has it cancelled once the subscription stands, and reads on. */
async function watched(client, id, take, options) {
  const events = [];
  let cancelled;
  for await (const event of client.resubscribeTask({ tenant, id }, options)) {
    events.push(event);
    cancelled ??= take("cancel", "cancel", (own) => client.cancelTask({ tenant, id }, own));
  }
  await cancelled;
  return events;
}

/** Every operation. */
async function run(client) {
  const contextId = crypto.randomUUID();
  const { steps, take } = new Transcript(client.protocolVersion);
  const send = (text, configuration) => (options) =>
    client.sendMessage(message(text, contextId, configuration), options);

  await take("hello", "send", send("hello"));
  const done = await take("work", "send", send("work"));
  await take("stream", "stream", (options) =>
    collected(client.sendMessageStream(message("work", contextId), options)),
  );

  const { id } = await take("wait", "send", send("wait", { returnImmediately: true }));
  const task = { tenant, id };
  await take("get", "get", (options) => client.getTask(task, options));
  const listed = ListTasksRequest.fromJSON({ contextId });
  await take("list", "list", (options) => client.listTasks(listed, options));

  const one = { tenant, taskId: id, id: "hook" };
  const config = { ...one, url: HOOK, token: "secret" };
  const every = ListTaskPushNotificationConfigsRequest.fromJSON({ taskId: id });
  const all = (options) => client.listTaskPushNotificationConfig(every, options);
  await take("push_create", "push_create", (options) =>
    client.createTaskPushNotificationConfig(config, options),
  );
  await take("push_get", "push_get", (options) =>
    client.getTaskPushNotificationConfig(one, options),
  );
  await take("push_list", "push_list", all);
  await take("push_delete", "push_delete", (options) =>
    client.deleteTaskPushNotificationConfig(one, options),
  );
  await take("push_list_after", "push_list", all);

  await take("subscribe", "subscribe", (options) => watched(client, id, take, options));
  await take("get_after", "get", (options) => client.getTask(task, options));

  const over = { tenant, id: done.id };
  await take("refused_cancel", "cancel", (options) => client.cancelTask(over, options));
  await take("refused_subscribe", "subscribe", (options) =>
    collected(client.resubscribeTask(over, options)),
  );
  const unknown = { tenant, id: crypto.randomUUID() };
  await take("refused_get", "get", (options) => client.getTask(unknown, options));

  await take("extended_card", "extended_card", (options) => client.getAgentCard(options));
  return steps;
}

/** The card with no other interface than this one. */
function through(card, interface_) {
  const [binding, version] = interface_.split(/\/(?=[^/]*$)/);
  const supportedInterfaces = card.supportedInterfaces.filter(
    (offered) => offered.protocolBinding === binding && offered.protocolVersion === version,
  );
  return { ...card, supportedInterfaces };
}

const [url, ...interfaces] = process.argv.slice(2);
const legacyCompat = { enabled: true };
const resolver = new DefaultAgentCardResolver({ legacyCompat });
const factory = new ClientFactory({
  cardResolver: resolver,
  transports: [
    new JsonRpcTransportFactory({ legacyCompat }),
    new RestTransportFactory({ legacyCompat }),
    new GrpcTransportFactory({ legacyCompat }),
  ],
});
const card = await resolver.resolve(url, AGENT_CARD_PATH);
const steps = {};
for (const interface_ of interfaces) {
  const client = await factory.createFromAgentCard(through(card, interface_));
  steps[interface_] = await run(client);
}
// Idle connections of the SDK's transports would keep the process.
process.stdout.write(JSON.stringify({ url, card, steps }), () => process.exit());
