// What a reader of the wire delivers, before any rule was applied to it. Every text is latin1:
// one character is one byte that the client sent. No type of a vendor's HTTP library appears here,
// so that the reader can be replaced alone (docs/decisions/0007).

/** One header line as it stood on the wire: name in the client's spelling, value trimmed of OWS. */
export type HeaderLine = readonly [name: string, value: string]

export interface MessageHead {
  readonly method: string
  /** The request target, byte for byte (RFC 9112 §3.2). */
  readonly target: string
  /** `1.1`, `1.0`, … */
  readonly version: string
  /** All lines in wire order; duplicates stay duplicates. */
  readonly headers: readonly HeaderLine[]
}

/** How the message says where its body ends (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'sized'; readonly length: number }
  | { readonly kind: 'chunked' }
