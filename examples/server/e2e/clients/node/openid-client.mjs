// A web application that uses the published openid-client as its documentation
// shows it; harness.mjs tells how a test drives it.
import * as client from "openid-client";

import { options, privateKey, report, visit } from "./harness.mjs";

const clientAuth = {
  basic: () => client.ClientSecretBasic(options.client_secret),
  post: () => client.ClientSecretPost(options.client_secret),
  none: () => client.None(),
  key: () => client.PrivateKeyJwt(privateKey),
}[options.auth]();
const config = await client.discovery(
  new URL(options.issuer), options.client_id, undefined, clientAuth,
  { algorithm: "oauth2", execute: [client.allowInsecureRequests] }, // plain http on loopback
);

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const authorizationUrl = options.pushed ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
const callback = await visit(await authorizationUrl(config, {
  redirect_uri: options.redirect_uri,
  scope: options.scope,
  state,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
}));

// Checks state and, because the metadata promises it, iss (RFC 9207).
const tokens = await client.authorizationCodeGrant(config, callback, {
  pkceCodeVerifier: verifier,
  expectedState: state,
});

const whoami = async (token) => {
  const response = await client.fetchProtectedResource(config, token, new URL(options.api), "GET");
  return response.json();
};
// The API refuses the token with a challenge that the client understands.
const refused = async (token) => {
  try {
    await whoami(token);
    return "";
  } catch (error) {
    if (error instanceof client.WWWAuthenticateChallengeError) {
      return error.cause[0].parameters.error;
    }
    throw error;
  }
};
// A public client may not introspect, so it has nothing to ask.
const introspect = async (token) =>
  options.auth === "none" ? undefined : client.tokenIntrospection(config, token);

const steps = { scope: tokens.scope, expires_in: tokens.expires_in };
steps.whoami = await whoami(tokens.access_token);
steps.introspection = await introspect(tokens.access_token);

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
steps.rotated = refreshed.refresh_token !== tokens.refresh_token;
steps.whoami_refreshed = await whoami(refreshed.access_token);

await client.tokenRevocation(config, refreshed.refresh_token);
steps.refused = await refused(refreshed.access_token);
steps.introspection_revoked = await introspect(refreshed.access_token);
report(steps);
