// A service that acts for itself, without a user, with the published
// openid-client as its documentation shows it; harness.mjs tells how a test
// starts it.
import * as client from "openid-client";

import { options, privateKey, report } from "./harness.mjs";

const clientAuth = {
  basic: () => client.ClientSecretBasic(options.client_secret),
  post: () => client.ClientSecretPost(options.client_secret),
  key: () => client.PrivateKeyJwt(privateKey),
}[options.auth]();
const config = await client.discovery(
  new URL(options.issuer), options.client_id, undefined, clientAuth,
  { algorithm: "oauth2", execute: [client.allowInsecureRequests] }, // plain http on loopback
);
const call = async (token) => {
  const response = await client.fetchProtectedResource(config, token, new URL(options.api), "GET");
  return response.json();
};

const tokens = await client.clientCredentialsGrant(config, { scope: options.scope });
const steps = { token_type: tokens.token_type, scope: tokens.scope, expires_in: tokens.expires_in, refresh_token: tokens.refresh_token ?? "" };
steps.called = await call(tokens.access_token);
steps.introspection = await client.tokenIntrospection(config, tokens.access_token);
try {
  await client.clientCredentialsGrant(config, { scope: "write" });
} catch (error) {
  steps.wider = error.error;
}
await client.tokenRevocation(config, tokens.access_token);
try {
  await call(tokens.access_token);
} catch (error) {
  steps.refused = error.cause[0].parameters.error;
}
report(steps);
