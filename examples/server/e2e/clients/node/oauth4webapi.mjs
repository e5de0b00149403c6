// A web application that uses the published oauth4webapi as its documentation
// shows it; harness.mjs tells how a test drives it.
import * as oauth from "oauth4webapi";

import { options, privateKey, report, visit } from "./harness.mjs";

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
  none: () => oauth.None(),
  key: () => oauth.PrivateKeyJwt(privateKey),
}[options.auth]();

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const authorize = new URL(as.authorization_endpoint);
const request = new URLSearchParams({
  client_id: client.client_id,
  redirect_uri: options.redirect_uri,
  response_type: "code",
  scope: options.scope,
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
});
const push = async () => {
  const { request_uri } = await oauth.processPushedAuthorizationResponse(
    as, client, await oauth.pushedAuthorizationRequest(as, client, clientAuth, request, insecure),
  );
  return new URLSearchParams({ client_id: client.client_id, request_uri });
};
authorize.search = options.pushed ? await push() : request;
const callback = await visit(authorize);

// Checks state and, because the metadata promises it, iss (RFC 9207).
const parameters = oauth.validateAuthResponse(as, client, callback, state);
const tokens = await oauth.processAuthorizationCodeResponse(
  as,
  client,
  await oauth.authorizationCodeGrantRequest(
    as, client, clientAuth, parameters, options.redirect_uri, verifier, insecure,
  ),
);

const whoami = async (token) => {
  const response = await oauth.protectedResourceRequest(
    token, "GET", new URL(options.api), undefined, undefined, insecure,
  );
  return response.json();
};
// The API refuses the token with a challenge that the client understands.
const refused = async (token) => {
  try {
    await whoami(token);
    return "";
  } catch (error) {
    if (error instanceof oauth.WWWAuthenticateChallengeError) {
      return error.cause[0].parameters.error;
    }
    throw error;
  }
};
// A public client may not introspect, so it has nothing to ask.
const introspect = async (token) => {
  if (options.auth === "none") return undefined;
  return oauth.processIntrospectionResponse(
    as,
    client,
    await oauth.introspectionRequest(as, client, clientAuth, token, insecure),
  );
};

const steps = { scope: tokens.scope, expires_in: tokens.expires_in };
steps.whoami = await whoami(tokens.access_token);
steps.introspection = await introspect(tokens.access_token);

const refreshed = await oauth.processRefreshTokenResponse(
  as,
  client,
  await oauth.refreshTokenGrantRequest(as, client, clientAuth, tokens.refresh_token, insecure),
);
steps.rotated = refreshed.refresh_token !== tokens.refresh_token;
steps.whoami_refreshed = await whoami(refreshed.access_token);

await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, clientAuth, refreshed.refresh_token, insecure),
);
steps.refused = await refused(refreshed.access_token);
steps.introspection_revoked = await introspect(refreshed.access_token);
report(steps);
