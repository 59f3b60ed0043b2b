// Every rule that an X.509-SVID is held to, with the code it refuses with and where it is written.
// The ids are those of the public SPIFFE client conformance catalogue (XV-, XF-, ID-) and, for
// what the catalogue leaves to RFC 5280, our own (`XV+…`). A refusal cites one, and so does the
// conformance test that proves it.
//
// XS = X509-SVID.md, ID = SPIFFE-ID.md, WA = Workload_API.md, FD = Federation.md, all of
// spiffe/spiffe `standards/`.

import { refusal } from '../errors.ts'
import type { Refusal, SvidCode } from '../errors.ts'
import { err } from '../util/result.ts'
import type { Err } from '../util/result.ts'

interface Rule {
  readonly code: SvidCode
  readonly requires: string
  readonly source: string
}

const rules = {
  'TLS-1': {
    code: 'ERR_SG_SVID_MISSING',
    requires: 'the peer presents a certificate',
    source: 'XS §4',
  },
  'ID-1': {
    code: 'ERR_SG_SVID_ID',
    requires: 'the SPIFFE ID is well formed, byte for byte',
    source: 'ID §2',
  },
  'XV-4': {
    code: 'ERR_SG_SVID_USAGE',
    requires: 'the SAN extension is critical where the subject is empty',
    source: 'RFC 5280 §4.1.2.6',
  },
  'XV-5': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: "a path leads to the bundle of the trust domain in the leaf's own ID",
    source: 'XS §5.1, FD §7.3',
  },
  'XV-6': {
    code: 'ERR_SG_SVID_EXPIRED',
    requires: 'no certificate of the path is past its notAfter',
    source: 'RFC 5280 §6.1.3',
  },
  'XV-7': {
    code: 'ERR_SG_SVID_NOT_YET_VALID',
    requires: 'every certificate of the path has reached its notBefore',
    source: 'RFC 5280 §6.1.3',
  },
  'XV-8': { code: 'ERR_SG_SVID_USAGE', requires: 'the leaf is not a CA', source: 'XS §4.1, §5.2' },
  'XV-9': {
    code: 'ERR_SG_SVID_USAGE',
    requires: 'the leaf may not sign certificates',
    source: 'XS §4.3, §5.2',
  },
  'XV-10': {
    code: 'ERR_SG_SVID_USAGE',
    requires: 'the leaf may not sign revocation lists',
    source: 'XS §4.3, §5.2',
  },
  'XV-11': {
    code: 'ERR_SG_SVID_ID',
    requires: 'the leaf has no more than one URI SAN',
    source: 'XS §2, §5.2',
  },
  'XV-12': { code: 'ERR_SG_SVID_ID', requires: 'the leaf has a URI SAN', source: 'XS §2' },
  'XV-13': {
    code: 'ERR_SG_SVID_ID',
    requires: 'the URI SAN has the scheme spiffe',
    source: 'XS §5.2',
  },
  'XV-14': {
    code: 'ERR_SG_SVID_ID',
    requires: "the leaf's SPIFFE ID has a path",
    source: 'XS §3.1, §5.2',
  },
  'XV-15': {
    code: 'ERR_SG_SVID_TRUST_DOMAIN',
    requires: 'there is a trust bundle for the trust domain',
    source: 'WA §4.6, FD §7.3',
  },
  'XV+a1': { code: 'ERR_SG_SVID_USAGE', requires: 'the leaf has KeyUsage', source: 'XS §4.3' },
  'XV+a2': { code: 'ERR_SG_SVID_USAGE', requires: 'KeyUsage is critical', source: 'XS §4.3' },
  'XV+a3': {
    code: 'ERR_SG_SVID_USAGE',
    requires: 'KeyUsage has digitalSignature',
    source: 'XS §4.3',
  },
  'XV+a4': {
    code: 'ERR_SG_SVID_USAGE',
    requires: 'ExtendedKeyUsage, where present, has serverAuth and clientAuth',
    source: 'XS §4.4',
  },
  'XV+b1': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'every issuer of the path is a CA',
    source: 'RFC 5280 §6.1.4 (k)',
  },
  'XV+b2': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'every issuer of the path may sign certificates',
    source: 'XS §4.3, RFC 5280 §6.1.4 (n)',
  },
  'XV+b3': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'no path length constraint is exceeded',
    source: 'RFC 5280 §6.1.4 (l), (m)',
  },
  'XV+b4': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'no critical extension is unknown to us',
    source: 'RFC 5280 §6.1.4 (o), §6.1.5 (f)',
  },
  'XV+b5': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'every name constraint holds',
    source: 'RFC 5280 §4.2.1.10, §6.1.3 (b), (c)',
  },
  'XV+b6': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'the signature algorithm is one that we trust (no SHA-1, no MD5)',
    source: 'RFC 5280 §6.1.3 (a)',
  },
  'XV+b7': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'every public key is strong enough and of a known kind',
    source: 'NIST SP 800-131A, SP 800-56B §6.2, RFC 5480 §2.1.1',
  },
  'XV+b8': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: "every signature verifies with its issuer's key",
    source: 'RFC 5280 §6.1.3 (a)',
  },
  'XV+b9': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'an issuer with ExtendedKeyUsage may issue for clientAuth',
    source: 'RFC 5280 §4.2.1.12',
  },
  'XV+b10': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'every issuer of the path has a name',
    source: 'RFC 5280 §4.1.2.4, §4.1.2.6',
  },
  'XV+c1': {
    code: 'ERR_SG_SVID_MALFORMED',
    requires:
      'the chain has no more certificates, bytes, names or paths than we are ready to judge',
    source: 'own limit',
  },
  'XV+d1': {
    code: 'ERR_SG_SVID_MALFORMED',
    requires: 'every certificate presented is strict DER of an X.509 v3 certificate',
    source: 'RFC 5280 §4.1, X.690 §10, §11',
  },
} as const satisfies Readonly<Record<string, Rule>>

export type SvidRule = keyof typeof rules

export const SVID_RULES: Readonly<Record<SvidRule, Rule>> = rules

export function svidRefusal(rule: SvidRule, detail: string): Refusal<SvidCode> {
  return refusal(SVID_RULES[rule].code, detail, rule)
}

export function refuse(rule: SvidRule, detail: string): Err<Refusal<SvidCode>> {
  return err(svidRefusal(rule, detail))
}
