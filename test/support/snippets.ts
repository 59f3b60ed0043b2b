// The fenced blocks of the documentation, with what stands around them. A block that is not run has to
// say so in a comment right before its fence: `<!-- output -->`, `<!-- picture -->`, or `<!-- needs: opa -->`
// (or `openssl`) where a tool is wanted that only test/real has.

export type Mark = 'output' | 'picture' | 'needs: opa' | 'needs: openssl'

export interface Snippet {
  /** As given to `snippetsOf`. */
  readonly document: string
  /** Of the opening fence, from 1. */
  readonly line: number
  /** First word of the info string; empty where there is none. */
  readonly language: string
  /** The whole info string. */
  readonly info: string
  /** `file=NAME` of the info string: later blocks of the document find the text under that name. */
  readonly file: string | undefined
  readonly mark: Mark | undefined
  readonly text: string
}

const FENCE = /^( *)(`{3,}|~{3,})\s*([^`]*)$/
const MARK = /^ *<!-- (output|picture|needs: opa|needs: openssl) -->$/
const FILE = /(?:^| )file=(\S+)/

/** Throws for a fence that is never closed. */
export function snippetsOf(document: string, markdown: string): readonly Snippet[] {
  const snippets: Snippet[] = []
  const lines = markdown.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const [, indent = '', fence = '', info = ''] = FENCE.exec(lines[at] ?? '') ?? []
    if (fence === '') continue
    const end = lines.findIndex((line, index) => index > at && isClosing(line, fence))
    if (end === -1) throw new Error(`${document}:${at + 1}: the fence is never closed`)
    snippets.push({
      document,
      line: at + 1,
      language: /^\S*/.exec(info)?.[0] ?? '',
      info,
      file: FILE.exec(info)?.[1],
      mark: markBefore(lines, at),
      text: `${lines
        .slice(at + 1, end)
        .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
        .join('\n')}\n`,
    })
    at = end
  }
  return snippets
}

function isClosing(line: string, fence: string): boolean {
  const text = line.trim()
  return text.startsWith(fence) && text === fence.charAt(0).repeat(text.length)
}

/** The comment on the line before, or with one empty line between. */
function markBefore(lines: readonly string[], at: number): Mark | undefined {
  const before = lines[at - 1]?.trim() === '' ? lines[at - 2] : lines[at - 1]
  return MARK.exec(before ?? '')?.[1] as Mark | undefined
}

/** Ids, times, digests and ports differ from run to run. */
const VARIABLE: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>'],
  [/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, '<time>'],
  [/\b[0-9a-f]{16,64}\b/g, '<hex>'],
  [/(localhost|127\.0\.0\.1):\d+/g, '$1:<port>'],
  [/\b\d+ (?:bytes|ms)\b/g, '<amount>'],
]

/**
 * Whether every line of the shown output was printed, in this order. `…` in a line stands for any
 * text; a line `…` for any lines. Other lines may have been printed between.
 * @returns the first line that was not printed; undefined: all were
 */
export function firstMissingLine(shown: string, printed: string): string | undefined {
  const lines = normalised(printed).split('\n')
  let at = 0
  for (const line of normalised(shown).split('\n')) {
    if (line.trim() === '' || line.trim() === '…') continue
    const pattern = new RegExp(`^${line.trimEnd().split('…').map(literal).join('.*')}$`)
    while (at < lines.length && !pattern.test((lines[at] ?? '').trimEnd())) at += 1
    if (at === lines.length) return line
    at += 1
  }
  return undefined
}

function normalised(text: string): string {
  return VARIABLE.reduce((result, [pattern, name]) => result.replace(pattern, name), text)
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

export interface Link {
  readonly line: number
  readonly target: string
}

/** Links of prose to places in the repository: no web addresses, none in fenced blocks. */
export function relativeLinks(markdown: string): readonly Link[] {
  const links: Link[] = []
  let fence: string | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    if (fence !== undefined) {
      if (isClosing(line, fence)) fence = undefined
      continue
    }
    fence = FENCE.exec(line)?.[2]
    for (const [, target = ''] of line.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (!/^[a-z]+:/.test(target)) links.push({ line: index + 1, target })
    }
  }
  return links
}

/** The anchors that the headings of a document have on the usual hosts. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = markdown.split('\n').filter((line) => /^#{1,6} /.test(line))
  return new Set(
    headings.map((line) =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
