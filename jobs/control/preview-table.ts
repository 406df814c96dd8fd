import type { OpenBytes } from '../engines/table/table-bytes.ts'
import { TableError, type TableErrorCode } from '../engines/table/table-error.ts'
import { readRows } from '../engines/table/table-rows.ts'
import { readShape, type ShapeOverride, type Sought, type TableShape } from '../engines/table/table-shape.ts'

/** How a table would be read, before a job is started with it. */
export interface TablePreview {
  /** Undefined where it cannot be read at all: `problem` says why. */
  shape: TableShape | undefined
  /** Whether `shape.column` is what is sought; false where the user has to choose one. */
  found: boolean
  rows: { line: number; cells: string[] }[]
  problem: { code: TableErrorCode; message: string; line: number | undefined; column: number | undefined } | undefined
}

const shownRows = 6

/** Looks at the head of a table. What is wrong with it is told, not thrown. */
export async function previewTable(open: OpenBytes, sought: Sought, override: ShapeOverride): Promise<TablePreview> {
  const preview: TablePreview = { shape: undefined, found: false, rows: [], problem: undefined }
  try {
    preview.shape = await readShape(open, sought, override)
    preview.found = true
  } catch (error) {
    preview.problem = problemOf(error)
    const unchosen = preview.problem.code === 'column_not_found' || preview.problem.code === 'unknown_column'
    // Shown all the same, so that somebody can say which column it is.
    if (unchosen) preview.shape = await readShape(open, sought, { ...override, column: '1' })
  }
  if (!preview.shape) return preview
  try {
    for await (const { rows } of readRows(open, preview.shape, { rowsAtOnce: shownRows })) {
      preview.rows = rows.map(({ line, cells }) => ({ line, cells }))
      break
    }
  } catch (error) {
    preview.problem ??= problemOf(error)
  }
  return preview
}

function problemOf(error: unknown): NonNullable<TablePreview['problem']> {
  if (!(error instanceof TableError)) throw error
  const { code, message, line, column } = error
  return { code, message, line, column }
}
