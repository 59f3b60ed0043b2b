// A text of a token endpoint that goes into our log and records: no token, no control character, not
// long. Endpoints quote what they were sent, and a proxy before them may answer with anything.

const MESSAGE_LENGTH = 200
const BEYOND_ASCII = /[^\x20-\x7e]+/g
/** Longer than any word; a secret access key has 40 characters, tokens have more. */
const OPAQUE = /[A-Za-z0-9+/=_-]{40,}/g

/** @param tokens are cut out of the text, should the endpoint have sent one back */
export function printable(message: string, ...tokens: readonly string[]): string {
  let text = message
  for (const token of tokens) text = text.replaceAll(token, '[token]')
  return text.replace(BEYOND_ASCII, ' ').replace(OPAQUE, '[cut]').slice(0, MESSAGE_LENGTH)
}
