// A web application that uses the published simple-oauth2 as its documentation
// shows it; harness.mjs tells how a test drives it. Two more options choose the
// token endpoint, token_path, and how its parameters are sent, body_format:
// "form" or "json".
import { AuthorizationCode } from "simple-oauth2";

import { options, refused, report, visit, whoami } from "./harness.mjs";

const client = new AuthorizationCode({
  client: { id: options.client_id, secret: options.client_secret },
  auth: {
    tokenHost: options.issuer,
    tokenPath: options.token_path,
    authorizePath: "/oauth/authorize",
    revokePath: "/oauth/revoke",
  },
  options: {
    authorizationMethod: options.auth === "basic" ? "header" : "body",
    bodyFormat: options.body_format,
  },
});

const state = crypto.randomUUID();
const callback = await visit(client.authorizeURL({
  redirect_uri: options.redirect_uri,
  scope: options.scope,
  state,
}));
if (callback.searchParams.get("state") !== state) throw new Error("state");

const accessToken = await client.getToken({
  code: callback.searchParams.get("code"),
  redirect_uri: options.redirect_uri,
});
const { token } = accessToken;
const steps = {
  scope: token.scope,
  expires_in: token.expires_in,
  account_id: token.account_id,
  whoami: await whoami(token.access_token),
};
if (token.refresh_token) {
  const refreshed = await accessToken.refresh();
  steps.rotated = refreshed.token.refresh_token !== token.refresh_token;
  steps.whoami_refreshed = await whoami(refreshed.token.access_token);

  // One after the other: the second token is revoked already, by the first.
  await refreshed.revokeAll();
  steps.refused = await refused(refreshed.token.access_token);
}
report(steps);
