// A web application that uses the published oauth4webapi with DPoP as its
// documentation shows it; harness.mjs tells how a test drives it. The option
// clock_skew has its clock be wrong by seconds, and push has it push its
// authorization request.
import * as oauth from "oauth4webapi";

import { options, privateKey, refused, report, visit } from "./harness.mjs";

const insecure = { [oauth.allowInsecureRequests]: true }; // plain http on loopback

const issuer = new URL(options.issuer);
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure }),
);
const client = { client_id: options.client_id, [oauth.clockSkew]: Number(options.clock_skew) };
const clientAuth = {
  basic: () => oauth.ClientSecretBasic(options.client_secret),
  none: () => oauth.None(),
  key: () => oauth.PrivateKeyJwt(privateKey),
}[options.auth]();
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair(options.alg));

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
  ...(options.push !== "true" && { dpop_jkt: await DPoP.calculateThumbprint() }),
});
const push = async () => {
  const { request_uri } = await oauth.processPushedAuthorizationResponse(
    as, client, await oauth.pushedAuthorizationRequest(as, client, clientAuth, request, { DPoP, ...insecure }),
  );
  return new URLSearchParams({ client_id: client.client_id, request_uri });
};
authorize.search = options.push === "true" ? await push() : request;
const parameters = oauth.validateAuthResponse(as, client, await visit(authorize), state);

// Goes on with the nonce of the answer, where that asks for one.
const withNonce = async (request) => {
  try {
    return await request();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    steps.nonces++;
    return request();
  }
};
const steps = { nonces: 0 };
const tokens = await withNonce(async () => oauth.processAuthorizationCodeResponse(
  as,
  client,
  await oauth.authorizationCodeGrantRequest(
    as, client, clientAuth, parameters, options.redirect_uri, verifier, { DPoP, ...insecure },
  ),
));

const whoami = (token) => withNonce(async () => {
  const response = await oauth.protectedResourceRequest(
    token, "GET", new URL(options.api + "?query=1"), undefined, undefined, { DPoP, ...insecure },
  );
  return response.json();
});

steps.token_type = tokens.token_type;
steps.stolen = await refused(tokens.access_token);
steps.whoami = await whoami(tokens.access_token);

const refreshed = await withNonce(async () => oauth.processRefreshTokenResponse(
  as,
  client,
  await oauth.refreshTokenGrantRequest(as, client, clientAuth, tokens.refresh_token, { DPoP, ...insecure }),
));
steps.rotated = refreshed.refresh_token !== tokens.refresh_token;
steps.whoami_refreshed = await whoami(refreshed.access_token);
steps.thumbprint = await DPoP.calculateThumbprint();
if (options.auth !== "none") {
  steps.introspection = await oauth.processIntrospectionResponse(
    as, client, await oauth.introspectionRequest(as, client, clientAuth, refreshed.access_token, insecure),
  );
}

await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, clientAuth, refreshed.refresh_token, insecure),
);
try {
  await whoami(refreshed.access_token);
} catch (error) {
  if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
  steps.refused = error.cause.find((challenge) => challenge.parameters.error).parameters.error;
}
report(steps);
