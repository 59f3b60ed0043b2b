// Which job an answer of BigQuery is about: its top-level `jobReference` (REST `Job`, `QueryResponse`),
// found while the answer streams by, wherever its pieces are cut, in constant memory. What comes
// behind it, the rows, is not looked at.
//
// The answer is JSON (RFC 8259) whose strings an agent can choose: column names, rows, error texts.
// So only structure counts, never a text that looks like it. What is not JSON, deeper than any answer,
// or says something twice gives no reference; of numbers and words only the letters are checked.

export interface JobReference {
  /** Undefined: not said. */
  readonly projectId: string | undefined
  readonly jobId: string
}

const MEMBER = 'jobReference'
const JOB_ID = /^[A-Za-z0-9_-]{1,1024}$/
/** Also with a domain before it, `example.com:project`, and numbers of projects. */
const PROJECT_ID = /^[a-z0-9](?:[a-z0-9.:-]{0,126}[a-z0-9])?$/

/** Levels. Fifteen nested records (BigQuery's most) of repeated values make some ninety. */
const MAX_DEPTH = 256
/** Bytes of a captured string as it is spelled: each character may be an escape of six. */
const LONGEST_CAPTURED = 6 * 1024

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

type Expected = 'value' | 'item-or-end' | 'key-or-end' | 'key' | 'colon' | 'comma-or-end'

export class JobReferenceScanner {
  #isDone = false
  #expected: Expected = 'value'
  #depth = 0
  /** By depth: 1 is an object, 0 an array. */
  readonly #isObject = new Uint8Array(MAX_DEPTH + 1)
  /** Inside of a string, or of a number or word; undefined: between tokens. */
  #token: 'string' | 'scalar' | undefined
  #isEscaped = false
  /** The bytes of a string that matters, so far; undefined: of one that does not. */
  #captured: Buffer[] | undefined
  #capturedLength = 0
  /** The last key, where keys matter: of the top level and of the reference. */
  #key = ''
  #isInReference = false
  #isReferenceSeen = false
  readonly #members = new Map<string, string>()

  /** True: nothing more will be found. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** The reference, in the call that brings its last byte. */
  read(chunk: Buffer): JobReference | undefined {
    let at = 0
    while (at < chunk.length && !this.#isDone) {
      if (this.#token === 'string') at = this.#inString(chunk, at)
      else if (this.#token === 'scalar') at = this.#inScalar(chunk, at)
      else {
        this.#begin(chunk[at] ?? 0)
        at += 1
        if (this.#isDone && this.#members.size > 0) return this.#reference()
      }
    }
    return undefined
  }

  /** One byte between tokens. */
  #begin(byte: number): void {
    switch (byte) {
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
        return
      case QUOTE:
        return this.#beginString()
      case OPEN_BRACE:
        return this.#open(true)
      case OPEN_BRACKET:
        return this.#open(false)
      case CLOSE_BRACE:
        return this.#close(true)
      case CLOSE_BRACKET:
        return this.#close(false)
      case COLON:
        if (this.#expected !== 'colon') return this.#giveUp()
        this.#expected = 'value'
        return
      case COMMA:
        if (this.#expected !== 'comma-or-end') return this.#giveUp()
        this.#expected = this.#isObject[this.#depth] === 1 ? 'key' : 'value'
        return
      default:
        if (!isScalar(byte) || !this.#takesValue()) return this.#giveUp()
        this.#token = 'scalar'
    }
  }

  #beginString(): void {
    const isKey = this.#expected === 'key' || this.#expected === 'key-or-end'
    if (isKey ? this.#keysMatter() : this.#isInReference && this.#depth === 2) {
      this.#captured = []
      this.#capturedLength = 0
    }
    if (isKey) this.#expected = 'colon'
    else if (!this.#takesValue(true)) return this.#giveUp()
    this.#token = 'string'
  }

  #keysMatter(): boolean {
    return this.#depth === 1 || (this.#depth === 2 && this.#isInReference)
  }

  /** A value begins here: whether one may. */
  #takesValue(isString = false): boolean {
    if (this.#expected !== 'value' && this.#expected !== 'item-or-end') return false
    this.#expected = 'comma-or-end'
    if (this.#depth === 0) return false
    if (this.#depth === 1 && this.#key === MEMBER) {
      if (this.#isReferenceSeen) return false
      this.#isReferenceSeen = true
    }
    // The members that are looked for are texts.
    const isSought = this.#isInReference && this.#depth === 2 && this.#isSought()
    return !isSought || isString
  }

  #isSought(): boolean {
    return this.#key === 'jobId' || this.#key === 'projectId'
  }

  #open(isObject: boolean): void {
    if (this.#depth === 0) {
      if (!isObject || this.#expected !== 'value') return this.#giveUp()
    } else if (!this.#takesValue()) return this.#giveUp()
    if (this.#depth === 1 && this.#key === MEMBER && isObject) this.#isInReference = true
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) return this.#giveUp()
    this.#isObject[this.#depth] = isObject ? 1 : 0
    this.#expected = isObject ? 'key-or-end' : 'item-or-end'
  }

  #close(isObject: boolean): void {
    const expected = this.#expected
    const isEnd =
      expected === 'comma-or-end' || expected === (isObject ? 'key-or-end' : 'item-or-end')
    if (!isEnd || this.#depth === 0) return this.#giveUp()
    if ((this.#isObject[this.#depth] === 1) !== isObject) return this.#giveUp()
    this.#depth -= 1
    this.#expected = 'comma-or-end'
    if (this.#depth === 0 || (this.#depth === 1 && this.#isInReference)) this.#isDone = true
  }

  #inString(chunk: Buffer, from: number): number {
    let at = from
    if (this.#isEscaped) {
      this.#isEscaped = false
      at += 1
    }
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0
      if (byte === BACKSLASH) {
        at += 1
        if (at >= chunk.length) this.#isEscaped = true
      } else if (byte === QUOTE) {
        this.#capture(chunk, from, at)
        this.#token = undefined
        this.#endString()
        return at + 1
      } else if (byte < 0x20) {
        this.#giveUp()
        return at
      }
    }
    this.#capture(chunk, from, chunk.length)
    return chunk.length
  }

  /** Copied: the piece that it lies in is as large as the network makes it. */
  #capture(chunk: Buffer, from: number, to: number): void {
    if (this.#captured === undefined) return
    this.#capturedLength += to - from
    if (this.#capturedLength > LONGEST_CAPTURED) {
      // Neither a key that is sought nor an id is that long.
      this.#captured = undefined
      this.#key = ''
      if (this.#expected === 'comma-or-end') this.#giveUp()
    } else this.#captured.push(Buffer.from(chunk.subarray(from, to)))
  }

  #endString(): void {
    if (this.#captured === undefined) return
    const text = textOf(Buffer.concat(this.#captured))
    this.#captured = undefined
    if (text === undefined) return this.#giveUp()
    if (this.#expected === 'colon') {
      this.#key = text
    } else if (this.#isSought()) {
      if (this.#members.has(this.#key)) return this.#giveUp()
      this.#members.set(this.#key, text)
    }
  }

  #inScalar(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length && isScalar(chunk[at] ?? 0)) at += 1
    if (at < chunk.length) this.#token = undefined
    return at
  }

  #giveUp(): void {
    this.#isDone = true
    this.#members.clear()
  }

  #reference(): JobReference | undefined {
    const jobId = this.#members.get('jobId')
    const projectId = this.#members.get('projectId')
    if (jobId === undefined || !JOB_ID.test(jobId)) return undefined
    if (projectId !== undefined && !PROJECT_ID.test(projectId)) return undefined
    return { projectId, jobId }
  }
}

/** A letter of a number, of `true`, `false` or `null`. */
function isScalar(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  )
}

/** Of the bytes between two quotes; undefined: not a string of JSON. */
function textOf(spelled: Buffer): string | undefined {
  const text = spelled.toString('utf8')
  if (!text.includes('\\')) return text
  try {
    const value: unknown = JSON.parse(`"${text}"`)
    return typeof value === 'string' ? value : undefined
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return undefined
  }
}
