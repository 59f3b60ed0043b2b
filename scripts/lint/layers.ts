// Reads scripts/layers.json, which .dependency-cruiser.cjs reads too: one place says what lies where.

import { readFileSync } from 'node:fs'

export interface Maker {
  readonly maker: string
  readonly type: string
  /** Where the maker and its type are. */
  readonly module: string
  /** The one file that may import the maker. */
  readonly station: string
}

export interface Layers {
  /** The level of a file under gateway/; undefined when none or several claim it. */
  levelOf(path: string): number | undefined
  readonly makers: readonly Maker[]
}

interface LayersFile {
  readonly levels: readonly { readonly level: number; readonly paths: readonly string[] }[]
  readonly makers: readonly Maker[]
}

export function readLayers(file: string): Layers {
  const { levels, makers } = JSON.parse(readFileSync(file, 'utf8')) as LayersFile
  const compiled = levels.map(({ level, paths }) => ({
    level,
    patterns: paths.map((path) => new RegExp(path)),
  }))
  return {
    makers,
    levelOf(path) {
      const claims = compiled.filter(({ patterns }) =>
        patterns.some((pattern) => pattern.test(path)),
      )
      return claims.length === 1 ? claims[0]?.level : undefined
    },
  }
}
