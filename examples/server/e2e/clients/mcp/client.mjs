// An MCP client built on the published TypeScript SDK, with its credentials in
// memory and registered beforehand. It knows the URL of the MCP server alone and
// finds everything else from there. ../node/harness.mjs tells how a test drives it.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { options, report, visit } from "../node/harness.mjs";

const state = crypto.randomUUID();
let tokens, verifier, authorizationURL;
const authProvider = {
  redirectUrl: options.redirect_uri,
  clientMetadata: { redirect_uris: [options.redirect_uri] },
  clientInformation: () => ({ client_id: options.client_id, issuer: options.issuer }),
  state: () => state,
  tokens: () => tokens,
  saveTokens: (saved) => { tokens = saved; },
  codeVerifier: () => verifier,
  saveCodeVerifier: (saved) => { verifier = saved; },
  redirectToAuthorization: (url) => { authorizationURL = url; },
};
const client = new Client({ name: "oauthapps-e2e", version: "1.0.0" });
const newTransport = () => new StreamableHTTPClientTransport(new URL(options.api), { authProvider });

// authorize runs an action that the server refuses, and sends the user to where the
// refusal leads.
async function authorize(transport, action) {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    const callback = await visit(authorizationURL);
    if (callback.searchParams.get("state") !== state) throw new Error("state");
    await transport.finishAuth(callback.searchParams.get("code"));
    return;
  }
  throw new Error("the server asked for no authorization");
}
const call = async (name) => (await client.callTool({ name })).content[0].text;

const refused = newTransport();
await authorize(refused, () => client.connect(refused));
const transport = newTransport();
await client.connect(transport);
const steps = { scope: tokens.scope };
steps.tools = (await client.listTools()).tools.map((tool) => tool.name);
steps.whoami = await call("whoami");

// A token that is no longer good is refreshed behind the caller's back.
const before = tokens.refresh_token;
tokens = { ...tokens, access_token: "expired" };
steps.whoami_refreshed = await call("whoami");
steps.rotated = tokens.refresh_token !== before;

// A tool that needs more makes the client ask the user for more. Refreshing cannot
// widen a scope (RFC 6749, section 6), so it gives its refresh token up first.
tokens = { ...tokens, refresh_token: undefined };
await authorize(transport, () => call("rename"));
steps.scope_stepped_up = tokens.scope;
steps.rename = await call("rename");
report(steps);
