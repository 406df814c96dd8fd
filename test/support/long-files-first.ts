import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longer than a minute, whatever their size. */
const long = [
  'test/chaos/chaos.test.ts',
  'db/embedded.test.ts',
  'jobs/verify-emails/services/batches.test.ts',
  'test/engine/engine.test.ts',
  'test/engine/unheard.test.ts',
  'test/engine/handover.test.ts',
]

/**
 * Files that take long are begun first, so that none is left to run alone at the end. On a machine that has run the tests before, Vitest knows how long each took; on
 * others it goes by size, and one of the longest is one of the smallest.
 */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const byProject = Map.groupBy(await super.sort(files), ({ project }) => project)
    return [...byProject.values()].flatMap((ofProject) => {
      const [first, others] = [ofProject.filter(isLong), ofProject.filter((file) => !isLong(file))]
      return [...first, ...others]
    })
  }
}

function isLong({ moduleId }: TestSpecification): boolean {
  return long.some((path) => moduleId.endsWith(`/${path}`))
}
