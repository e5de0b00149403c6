// An application without an OAuth library that makes its proofs with the
// published package dpop; harness.mjs tells how a test drives it. It sends each
// proof twice, and tells the answers to the second ones.
import { createHash, randomBytes } from "node:crypto";

import * as dpop from "dpop";

import { options, refused, report, visit } from "./harness.mjs";

const metadata = await (await fetch(options.issuer + "/.well-known/oauth-authorization-server")).json();
if (!metadata.dpop_signing_alg_values_supported.includes(options.alg)) throw new Error("the algorithm is not supported");
const key = await dpop.generateKeyPair(options.alg);

const verifier = randomBytes(32).toString("base64url");
const authorize = new URL(metadata.authorization_endpoint);
authorize.search = new URLSearchParams({
  client_id: options.client_id,
  redirect_uri: options.redirect_uri,
  response_type: "code",
  scope: options.scope,
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  code_challenge_method: "S256",
  dpop_jkt: await dpop.calculateThumbprint(key.publicKey),
});
const code = (await visit(authorize)).searchParams.get("code");

const ask = async (parameters) => {
  const proof = await dpop.generateProof(key, metadata.token_endpoint, "POST");
  const request = async () => {
    const body = new URLSearchParams({ client_id: options.client_id, ...parameters });
    if (options.client_secret) body.set("client_secret", options.client_secret);
    return (await fetch(metadata.token_endpoint, { method: "POST", body, headers: { dpop: proof } })).json();
  };
  const answer = await request();
  if (answer.error) throw new Error(JSON.stringify(answer));
  return { answer, again: (await request()).error };
};
const call = async (token) => {
  const proof = await dpop.generateProof(key, options.api, "GET", undefined, token);
  const request = () => fetch(options.api, { headers: { authorization: `DPoP ${token}`, dpop: proof } });
  const first = await request();
  return { answer: await first.json(), again: (await (await request()).json()).error };
};

const redeemed = await ask({
  grant_type: "authorization_code", code, redirect_uri: options.redirect_uri, code_verifier: verifier,
});
const tokens = redeemed.answer;
const steps = { token_type: tokens.token_type.toLowerCase(), stolen: await refused(tokens.access_token) };
const called = await call(tokens.access_token);
steps.whoami = called.answer;
const refreshed = await ask({ grant_type: "refresh_token", refresh_token: tokens.refresh_token });
steps.whoami_refreshed = (await call(refreshed.answer.access_token)).answer;
steps.thumbprint = await dpop.calculateThumbprint(key.publicKey);
steps.again = [redeemed.again, called.again, refreshed.again];
steps.refused = (await call(tokens.access_token + "x")).answer.error;
report(steps);
