// An MCP client that nobody registered, built on the published TypeScript SDK: it knows
// the URL of the protected API alone. Where it has a metadata document
// (options.metadata_url) and the server reads those, that is its client ID; else it registers
// itself. ../node/harness.mjs tells how a test drives it.
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";

import { options, report, visit, whoami } from "../node/harness.mjs";

const state = crypto.randomUUID();
let client, tokens, verifier, authorizationURL;
const provider = {
  redirectUrl: options.redirect_uri,
  clientMetadataUrl: options.metadata_url || undefined,
  clientMetadata: {
    client_name: "Stranger", redirect_uris: [options.redirect_uri], token_endpoint_auth_method: options.auth,
    grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
  },
  clientInformation: () => client,
  saveClientInformation: (saved) => { client = saved; },
  state: () => state,
  tokens: () => tokens,
  saveTokens: (saved) => { tokens = saved; },
  codeVerifier: () => verifier,
  saveCodeVerifier: (saved) => { verifier = saved; },
  redirectToAuthorization: (url) => { authorizationURL = url; },
};
const serverUrl = options.issuer;

if (await auth(provider, { serverUrl }) !== "REDIRECT") throw new Error("it needed no user");
const callback = await visit(authorizationURL);
if (callback.searchParams.get("state") !== state) throw new Error("state");
const authorizationCode = callback.searchParams.get("code");
if (await auth(provider, { serverUrl, authorizationCode, iss: callback.searchParams.get("iss") ?? undefined }) !== "AUTHORIZED") throw new Error("no tokens");
const steps = { client_id: client.client_id, scope: tokens.scope, whoami: await whoami(tokens.access_token) };

const before = tokens.refresh_token;
if (await auth(provider, { serverUrl }) !== "AUTHORIZED") throw new Error("no refresh");
steps.rotated = tokens.refresh_token !== before;
steps.whoami_refreshed = await whoami(tokens.access_token);
report(steps);
