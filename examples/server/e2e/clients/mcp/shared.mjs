// One of several processes of an MCP client, built on the published TypeScript SDK, that
// share a file with their tokens, as processes of one user do. The access token in
// there is no good any more, so every request of every transport begins with a refresh.
//
// The process prints {"ready": true} once all its transports have read the refresh token and
// are about to use it, and goes on when it reads a line. ../node/harness.mjs tells the rest.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { options, report } from "../node/harness.mjs";

const transports = Number(options.transports);
const input = createInterface({ input: process.stdin });
const line = input[Symbol.asyncIterator]();

const read = () => JSON.parse(readFileSync(options.store, "utf8"));
function write(tokens) {
  const whole = `${options.store}.${process.pid}`;
  writeFileSync(whole, JSON.stringify(tokens));
  renameSync(whole, options.store);
}

// together resolves for all transports once each of them is there and the test says so.
let waiting = 0;
let proceed;
const signal = new Promise((resolve) => { proceed = resolve; });
async function together() {
  if (++waiting === transports) {
    console.log(JSON.stringify({ ready: true }));
    await line.next();
    proceed();
  }
  await signal;
}

// A provider of each transport's own, as the SDK has it. What they share is the file.
function newProvider() {
  let refreshing = false;
  return {
    redirectUrl: options.redirect_uri,
    clientMetadata: { redirect_uris: [options.redirect_uri] },
    clientInformation: () => {
      refreshing = true;
      return { client_id: options.client_id, issuer: options.issuer };
    },
    tokens: async () => {
      const tokens = { ...read(), issuer: options.issuer };
      if (refreshing) {
        refreshing = false;
        await together();
      }
      return tokens;
    },
    saveTokens: write,
    codeVerifier: () => { throw new Error("it wants a code"); },
    saveCodeVerifier: () => {},
    redirectToAuthorization: () => { throw new Error("the sign-in is lost"); },
  };
}

async function whoami() {
  const client = new Client({ name: "oauthapps-e2e", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(options.api), { authProvider: newProvider() }));
  const result = await client.callTool({ name: "whoami" });
  await client.close();
  return result.content[0].text;
}

const answers = await Promise.all(Array.from({ length: transports }, whoami));
input.close();
report({ answers });
