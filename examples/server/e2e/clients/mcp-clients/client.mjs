// An MCP client built on the published client package, version 2. It knows the URL of the
// MCP server (options.api) alone, and options.way says how it is known there: "document"
// (options.metadata_url), "registration", "registered", "secret" or "key", of which the last
// two have no user. ../node/harness.mjs tells how a test drives it.
import {
  Client, ClientCredentialsProvider, PrivateKeyJwtProvider, StreamableHTTPClientTransport, UnauthorizedError,
} from "@modelcontextprotocol/client";

import { options, report, visit } from "../node/harness.mjs";

const state = crypto.randomUUID();
let client, tokens, verifier, authorizationURL;
const person = {
  redirectUrl: options.redirect_uri,
  clientMetadataUrl: options.metadata_url || undefined,
  clientMetadata: {
    client_name: "Stranger", redirect_uris: [options.redirect_uri], token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
  },
  clientInformation: () => client ?? (options.way === "registered" ? { client_id: options.client_id, issuer: options.issuer } : undefined),
  saveClientInformation: (saved) => { client = saved; },
  state: () => state,
  tokens: () => tokens,
  saveTokens: (saved) => { tokens = saved; },
  codeVerifier: () => verifier,
  saveCodeVerifier: (saved) => { verifier = saved; },
  redirectToAuthorization: (url) => { authorizationURL = url; },
};
const itself = { clientId: options.client_id, scope: "read", expectedIssuer: options.issuer };
const authProvider = {
  secret: () => new ClientCredentialsProvider({ ...itself, clientSecret: options.client_secret }),
  key: () => new PrivateKeyJwtProvider({ ...itself, privateKey: options.key && JSON.parse(options.key), algorithm: "ES256" }),
}[options.way]?.() ?? person;
const newTransport = () => new StreamableHTTPClientTransport(new URL(options.api), { authProvider });
const mcp = new Client({ name: "oauthapps-e2e", version: "1.0.0" });

let transport = newTransport();
try {
  await mcp.connect(transport);
} catch (error) {
  if (!(error instanceof UnauthorizedError) || !authorizationURL) throw error;
  const callback = await visit(authorizationURL);
  if (callback.searchParams.get("state") !== state) throw new Error("state");
  await transport.finishAuth(callback.searchParams);
  transport = newTransport();
  await mcp.connect(transport);
}
const call = async () => (await mcp.callTool({ name: "whoami" })).content[0].text;
const steps = { whoami: await call() };
if (authProvider === person) { // a token that is no longer good is refreshed
  const before = tokens.refresh_token;
  tokens = { ...tokens, access_token: "expired" };
  steps.refreshed = await call();
  steps.rotated = tokens.refresh_token !== before;
}
report(steps);
await mcp.close();
