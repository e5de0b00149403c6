// A service that acts for itself, without a user, with the published
// oauth4webapi as its documentation shows it; harness.mjs tells how a test
// starts it. The option dpop has it prove possession of a key with every
// request.
import * as oauth from "oauth4webapi";

import { options, privateKey, report } from "./harness.mjs";

const insecure = { [oauth.allowInsecureRequests]: true }; // plain http on loopback

const issuer = new URL(options.issuer);
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure }),
);
const client = { client_id: options.client_id };
const clientAuth = {
  basic: () => oauth.ClientSecretBasic(options.client_secret),
  post: () => oauth.ClientSecretPost(options.client_secret),
  key: () => oauth.PrivateKeyJwt(privateKey),
}[options.auth]();

const DPoP = options.dpop && oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
// Goes on with the nonce of the answer, where that asks for one.
const withNonce = async (request) => {
  try {
    return await request();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return request();
  }
};

const grant = (scope) => withNonce(async () => oauth.processClientCredentialsResponse(
  as,
  client,
  await oauth.clientCredentialsGrantRequest(as, client, clientAuth, new URLSearchParams({ scope }), { DPoP, ...insecure }),
));
const call = (token) => withNonce(async () => {
  const response = await oauth.protectedResourceRequest(
    token, "GET", new URL(options.api), undefined, undefined, { DPoP, ...insecure },
  );
  return response.json();
});

const tokens = await grant(options.scope);
const steps = { token_type: tokens.token_type, scope: tokens.scope, expires_in: tokens.expires_in, refresh_token: tokens.refresh_token ?? "" };
steps.called = await call(tokens.access_token);
steps.introspection = await oauth.processIntrospectionResponse(
  as, client, await oauth.introspectionRequest(as, client, clientAuth, tokens.access_token, insecure),
);
try {
  await grant("write");
} catch (error) {
  steps.wider = error.error;
}
await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, clientAuth, tokens.access_token, insecure),
);
try {
  await call(tokens.access_token);
} catch (error) {
  steps.refused = error.cause[0].parameters.error;
}
report(steps);
