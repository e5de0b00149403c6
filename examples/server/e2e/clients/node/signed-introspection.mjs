// A resource server that has the answers of the introspection endpoint signed,
// and verifies them with the published openid-client or oauth4webapi, whichever
// the option client names. harness.mjs tells how a test starts it; the options
// access_token and algorithm are what it asks about and what it is registered
// for, "" for no algorithm.
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";

import { options, report } from "./harness.mjs";

const metadata = options.algorithm ? { introspection_signed_response_alg: options.algorithm } : {};

const clients = {
  // It checks the signature too where it is told to.
  "openid-client": async () => {
    const config = await openid.discovery(
      new URL(options.issuer), options.client_id, metadata, openid.ClientSecretBasic(options.client_secret),
      { algorithm: "oauth2", execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] },
    );
    return openid.tokenIntrospection(config, options.access_token);
  },
  oauth4webapi: async () => {
    const insecure = { [oauth.allowInsecureRequests]: true }; // plain http on loopback
    const issuer = new URL(options.issuer);
    const as = await oauth.processDiscoveryResponse(
      issuer, await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure }),
    );
    const client = { client_id: options.client_id, ...metadata };
    const response = await oauth.introspectionRequest(
      as, client, oauth.ClientSecretBasic(options.client_secret), options.access_token, { requestJwtResponse: true, ...insecure },
    );
    const answer = await oauth.processIntrospectionResponse(as, client, response);
    await oauth.validateApplicationLevelSignature(as, response, insecure);
    return answer;
  },
};
report(await clients[options.client]());
