// A command line that signs its user in on another device with the published
// openid-client, as its documentation shows it; harness.mjs tells how a test
// drives it. The line that it reads says that the user has decided.
import * as client from "openid-client";

import { options, report, visit } from "./harness.mjs";

const config = await client.discovery(
  new URL(options.issuer), options.client_id, undefined,
  options.client_secret ? client.ClientSecretBasic(options.client_secret) : client.None(),
  { algorithm: "oauth2", execute: [client.allowInsecureRequests] }, // plain http on loopback
);
const device = await client.initiateDeviceAuthorization(config, { scope: options.scope });
await visit(device.verification_uri_complete);
try {
  const tokens = await client.pollDeviceAuthorizationGrant(config, device);
  const response = await client.fetchProtectedResource(config, tokens.access_token, new URL(options.api), "GET");
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  report({
    scope: tokens.scope, expires_in: tokens.expires_in, whoami: await response.json(), rotated: refreshed.refresh_token !== tokens.refresh_token,
  });
} catch (error) {
  if (!(error instanceof client.ResponseBodyError)) throw error;
  report({ refused: error.error });
}
