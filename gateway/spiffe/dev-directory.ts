// A development trust domain in a directory: certificates for everyone, keys for the owner alone.
//
//   bundle.pem      the trust bundle          ca.key.pem      its key
//   web-ca.pem      the CA file for SDKs      web-ca.key.pem  its key

import { mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret } from '../util/secret.ts'
import { createDevTrustDomain, devTrustDomainFrom } from './dev-ca.ts'
import type { DevSvid, DevTrustDomain } from './dev-ca.ts'
import { IdentitySourceError } from './source.ts'

const FILES = {
  caPem: 'bundle.pem',
  caKeyPem: 'ca.key.pem',
  webCaPem: 'web-ca.pem',
  webCaKeyPem: 'web-ca.key.pem',
} as const

/** Writes the domain; the keys with mode 0600, the directory with 0700 where it is made. */
export async function writeDevTrustDomain(dir: string, domain: DevTrustDomain): Promise<void> {
  const { material } = domain
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await writeFileAtomically(join(dir, FILES.caKeyPem), material.caKeyPem.reveal(), 0o600)
  await writeFileAtomically(join(dir, FILES.webCaKeyPem), material.webCaKeyPem.reveal(), 0o600)
  await writeFileAtomically(join(dir, FILES.webCaPem), material.webCaPem, 0o644)
  // The bundle goes last: where it is, the rest is there too.
  await writeFileAtomically(join(dir, FILES.caPem), material.caPem, 0o644)
}

/** Reads a domain back; throws `IdentitySourceError` that says what is wrong and how to mend it. */
export async function readDevTrustDomain(
  dir: string,
  trustDomain: string,
  now: number,
): Promise<DevTrustDomain> {
  try {
    return devTrustDomainFrom(
      {
        trustDomain,
        caPem: await readFile(join(dir, FILES.caPem), 'utf8'),
        caKeyPem: await readKey(join(dir, FILES.caKeyPem)),
        webCaPem: await readFile(join(dir, FILES.webCaPem), 'utf8'),
        webCaKeyPem: await readKey(join(dir, FILES.webCaKeyPem)),
      },
      now,
    )
  } catch (error) {
    if (error instanceof IdentitySourceError) throw error
    const reason = error instanceof Error ? error.message : 'unknown error'
    throw new IdentitySourceError([
      {
        message: `${dir} holds no usable development trust domain ${trustDomain}: ${reason}`,
        hint: 'remove the directory, and a new one is made',
      },
    ])
  }
}

/** The domain in `dir`, made where there is none yet. */
export async function openDevTrustDomain(
  dir: string,
  trustDomain: string,
  now: number,
): Promise<DevTrustDomain> {
  if (await exists(join(dir, FILES.caPem))) return readDevTrustDomain(dir, trustDomain, now)
  const domain = createDevTrustDomain({ trustDomain, now })
  await writeDevTrustDomain(dir, domain)
  return domain
}

export interface SvidFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** Writes `<name>.pem` and `<name>.key.pem`, which an SDK or curl can present. */
export async function writeDevSvid(dir: string, name: string, svid: DevSvid): Promise<SvidFiles> {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) throw new TypeError(`"${name}" is no file name`)
  const files = { certFile: join(dir, `${name}.pem`), keyFile: join(dir, `${name}.key.pem`) }
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await writeFileAtomically(files.keyFile, svid.keyPem, 0o600)
  await writeFileAtomically(files.certFile, svid.certPem, 0o644)
  return files
}

async function readKey(file: string): Promise<Secret> {
  const { mode } = await stat(file)
  if ((mode & 0o077) !== 0) {
    throw new IdentitySourceError([
      { message: `${file} is open to others than its owner`, hint: `run: chmod 600 ${file}` },
    ])
  }
  return new Secret(await readFile(file, 'utf8'))
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}

/** A reader sees the old file or the new one; the mode is right from the first byte on. */
async function writeFileAtomically(file: string, text: string, mode: number): Promise<void> {
  const temporary = `${file}.new`
  const handle = await open(temporary, 'w', mode)
  try {
    // `open` leaves the mode of a file that is there already.
    await handle.chmod(mode)
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
}
