// Signs through a program, for a key that never comes to this machine: in an HSM, a KMS, a vault. The
// program gets the JWS Signing Input (RFC 7515 §5.1) on its standard input and writes the signature
// to its standard output. It is trusted with the key and with nothing else: it runs without a shell
// and without the gateway's environment, it has a deadline, and what it answers is verified with the
// configured public key before anything is made of it.

import { spawn } from 'node:child_process'
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { refusal, type CredentialCode, type Refusal } from '../errors.ts'
import type { StopTimer, Timers } from '../util/timers.ts'
import { err, ok, type Result } from '../util/result.ts'
import { algorithmOf, publicJwkOf, type IssuerAlgorithm } from './algorithms.ts'
import { ecdsaSignatureOf } from './ecdsa-signature.ts'
import type { IssuerKeys, VerificationKey } from './key-source.ts'
import type { TokenSigner } from './signer.ts'

export interface CommandSignerOptions {
  /** The program, by its absolute path, and its arguments. */
  readonly argv: readonly [string, ...string[]]
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>
  /** ms, from start to end of one run */
  readonly deadlineMs: number
  /** `raw`: the signature's bytes; `base64`: as text. */
  readonly output: 'raw' | 'base64'
  /** PEM of the key that signs. */
  readonly publicKey: string
  /** PEM of keys that are published beside it: the next one, those that signed before. */
  readonly others: readonly string[]
  readonly timers: Timers
}

type Refused = Refusal<CredentialCode>

/** Bytes; an RSA signature of 8192 bits has 1024, in base64 1368. */
const MAX_OUTPUT = 8 * 1024

/** Runs at a time; each is a process. More agents than these wait for their token and are refused. */
const MOST_RUNS = 16

/** @throws TypeError for a key that is good for no algorithm of ours, or for no key at all */
export async function openCommandSigner(options: CommandSignerOptions): Promise<IssuerKeys> {
  const key = await verificationKey(options.publicKey, 'issuer.signer.publicKey')
  const others = await Promise.all(
    options.others.map((pem) => verificationKey(pem, 'issuer.signer.alsoPublish')),
  )
  const published = new Map([key, ...others].map((each) => [each.jwk.kid, each]))
  const signer = commandSigner(key, options)
  return Object.freeze({
    signers: new Map([[signer.algorithm, signer]]),
    published: Object.freeze([...published.values()]),
  })
}

async function verificationKey(pem: string, field: string): Promise<VerificationKey> {
  const publicKey = createPublicKey(pem)
  const jwk = await publicJwkOf(publicKey)
  if (jwk === undefined || algorithmOf(publicKey) === undefined) {
    throw new TypeError(`${field} must be an RSA key of 2048 bits or more, or one on P-256`)
  }
  return { jwk, publicKey }
}

function commandSigner(key: VerificationKey, options: CommandSignerOptions): TokenSigner {
  const { alg: algorithm, kid } = key.jwk
  let running = 0
  return Object.freeze({
    algorithm,
    kid,
    signsFrom: 0,
    sign: async (input: Buffer) => {
      if (running >= MOST_RUNS) return unavailable('too many runs of it at once')
      running += 1
      try {
        const answer = await run(input, options)
        return answer.ok ? readSignature(answer.value, input, key, options) : answer
      } finally {
        running -= 1
      }
    },
  })
}

/** What went wrong is told by our own words alone: the program's may hold anything. */
function run(input: Buffer, options: CommandSignerOptions): Promise<Result<Buffer, Refused>> {
  const [program, ...args] = options.argv
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: options.env,
      shell: false,
      // A group of its own, so that what it starts can be ended with it.
      detached: true,
      windowsHide: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    let stop: StopTimer = () => undefined
    let isOver = false
    const finish = (answer: Result<Buffer, Refused>): void => {
      stop()
      if (!isOver) endGroup(child.pid)
      isOver = true
      child.stdout.destroy()
      resolve(answer)
    }
    stop = options.timers.holdFor(options.deadlineMs, () => {
      finish(unavailable(`no answer within ${options.deadlineMs} ms`))
    })
    const chunks: Buffer[] = []
    let size = 0
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_OUTPUT) finish(unavailable(`more than ${MAX_OUTPUT} bytes of answer`))
      else chunks.push(chunk)
    })
    child.stdout.on('error', () => finish(unavailable('its answer broke off')))
    // A program that needs no input may end before it was given all of it.
    child.stdin.on('error', () => undefined)
    child.on('error', (error) => {
      finish(unavailable(`it cannot be started: ${'code' in error ? String(error.code) : 'error'}`))
    })
    child.on('close', (code, signal) => {
      isOver = true
      if (code === 0) finish(ok(Buffer.concat(chunks)))
      else finish(unavailable(`it ended with ${signal ?? `exit code ${String(code)}`}`))
    })
    child.stdin.end(input)
  })
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // It has just ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function readSignature(
  answer: Buffer,
  input: Buffer,
  { jwk, publicKey }: VerificationKey,
  { output }: CommandSignerOptions,
): Result<Buffer, Refused> {
  const bytes = output === 'raw' ? answer : decodeBase64(answer)
  const signature = bytes === undefined ? undefined : signatureOf(jwk.alg, bytes)
  if (signature === undefined) return wrong(`its answer is no ${jwk.alg} signature`)
  if (!isSignedBy(publicKey, jwk.alg, input, signature)) {
    return wrong('its signature is not of issuer.signer.publicKey')
  }
  return ok(signature)
}

/** KMS and OpenSSL write ECDSA signatures in DER; JWS wants r and s (RFC 7518 §3.4). */
function signatureOf(algorithm: IssuerAlgorithm, bytes: Buffer): Buffer | undefined {
  return algorithm === 'RS256' ? bytes : ecdsaSignatureOf(bytes)
}

function isSignedBy(
  publicKey: KeyObject,
  algorithm: IssuerAlgorithm,
  input: Buffer,
  signature: Buffer,
): boolean {
  const key =
    algorithm === 'ES256' ? { key: publicKey, dsaEncoding: 'ieee-p1363' as const } : publicKey
  return verify('sha256', input, key, signature)
}

function decodeBase64(answer: Buffer): Buffer | undefined {
  const text = answer.toString('latin1').replace(/\s+/g, '')
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

function unavailable(what: string): Result<never, Refused> {
  return err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', `issuer.signer: ${what}`, 'IS-4'))
}

function wrong(what: string): Result<never, Refused> {
  return err(refusal('ERR_SG_CREDENTIAL_CONFIG', `issuer.signer: ${what}`, 'IS-5'))
}
