// What the clients of this folder have in common. A test starts each with one
// argument, a JSON object with issuer, api, client_id, client_secret, redirect_uri,
// scope, and auth: "basic", "post", "none", or "key" with key, a private JWK in
// JSON, and its algorithm; pushed is not empty where the
// client pushes its authorization request. Then the test plays the user:
//
//   the client prints {"authorize": URL}, the URL to send the user to;
//   it reads one line, the URL that the user was sent back to;
//   it prints {"steps": {...}}, what every later step gave.
//
// Any failure of the client ends it with the error on standard error.
import { createInterface } from "node:readline/promises";

export const options = JSON.parse(process.argv[2]);

// privateKey is what a client signs its assertions with.
export const privateKey = options.key && {
  key: await crypto.subtle.importKey("jwk", JSON.parse(options.key), JSON.parse(options.algorithm), false, ["sign"]),
  kid: JSON.parse(options.key).kid,
};

// visit sends the user to a URL and returns the one that they come back with.
export async function visit(url) {
  console.log(JSON.stringify({ authorize: String(url) }));
  const input = createInterface({ input: process.stdin });
  const { value } = await input[Symbol.asyncIterator]().next();
  input.close();
  return new URL(value);
}

export function report(steps) {
  console.log(JSON.stringify({ steps }));
}

// The API, for clients that leave calling it to the application.
function call(token) {
  return fetch(options.api, { headers: { authorization: `Bearer ${token}` } });
}

export async function whoami(token) {
  const response = await call(token);
  if (!response.ok) throw new Error(`whoami: ${response.status}`);
  return response.json();
}

// refused is the error that the API answers a token with.
export async function refused(token) {
  const response = await call(token);
  if (response.status !== 401) throw new Error(`whoami: ${response.status}`);
  return (await response.json()).error;
}
