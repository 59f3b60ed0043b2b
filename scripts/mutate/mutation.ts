// What a mutation is: one compiled file of one station, changed so that the station lets everything
// pass. The text to find is part of the data: when the code moves on, the mutation has to follow.

interface Target {
  /** The station of the chain, as docs/ARCHITECTURE.md names it. */
  readonly station: string
  /** What the station does no more, to complete "the gateway no longer …". */
  readonly without: string
  /** The source, e.g. `gateway/signing/sign.ts`; its compiled form is what is changed. */
  readonly file: string
  /** Where to look first; all other tests come after, so that nothing is missed. */
  readonly tests?: readonly string[]
}

export type Mutation = Target &
  (
    | { readonly find: string | RegExp; readonly replace: string }
    /** A whole module instead of the station's. */
    | { readonly module: string }
  )

export class MutationError extends Error {}

/** The text of the mutated file; throws when the mutation does not apply. */
export function mutated(mutation: Mutation, original: string): string {
  if ('module' in mutation) return mutation.module
  const { find, replace } = mutation
  const found = typeof find === 'string' ? original.split(find).length - 1 : matches(find, original)
  if (found !== 1) {
    throw new MutationError(
      `${mutation.file}: expected ${String(find)} exactly once, found it ${String(found)} times`,
    )
  }
  const text =
    typeof find === 'string' ? original.split(find).join(replace) : original.replace(find, replace)
  if (text === original) throw new MutationError(`${mutation.file}: the mutation changes nothing`)
  return text
}

function matches(pattern: RegExp, text: string): number {
  return [...text.matchAll(new RegExp(pattern, `${pattern.flags.replace('g', '')}g`))].length
}
