// Operations whose answer holds a credential, token, private key, secret value, session or presigned
// URL (docs/POLICY.md). Whoever may call one leaves with a key that no policy sees again, so their
// access is `credentials`, above every other. The reason is what an operator reads when it is denied.

/** By the operation's name as facts give it. */
export const CREDENTIAL_OPERATIONS: ReadonlyMap<string, string> = new Map([
  [
    's3.CreateSession',
    'the answer holds access keys and a session token for the bucket (CreateSessionOutput.Credentials)',
  ],
])
